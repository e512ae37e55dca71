import { FatalNodeError } from "@automatrix/core";

/** Where the keys of a command are among its arguments. */
export type KeyPositions = "none" | "first" | "two" | "all" | "alternate" | "scan";

/** What is known of a command that runs without further permission. */
export interface KnownCommand {
  readonly keys: KeyPositions;
  /** True when doing it twice does the same as doing it once. */
  readonly isRepeatable: boolean;
}

const REPEATABLE: Readonly<Record<KeyPositions, string>> = {
  none: "ping echo time",
  first:
    "get set setnx setex psetex getex strlen getrange setrange getbit setbit bitcount bitpos expire pexpire expireat pexpireat " +
    "persist ttl pttl expiretime pexpiretime type hset hmset hsetnx hget hmget hgetall hdel hexists hkeys hvals hlen hstrlen " +
    "hscan hrandfield llen lrange lindex lset lpos sadd srem smembers sismember smismember scard sscan srandmember zadd zrem " +
    "zscore zmscore zcard zcount zlexcount zrange zrangebyscore zrangebylex zrevrange zrevrangebyscore zrevrangebylex zrank " +
    "zrevrank zscan zrandmember zremrangebyscore zremrangebylex pfadd geoadd geopos geodist geohash geosearch xlen xrange " +
    "xrevrange xdel xtrim",
  two: "smove zrangestore geosearchstore",
  all: "del unlink exists touch mget sunion sinter sdiff sunionstore sinterstore sdiffstore pfcount pfmerge",
  alternate: "mset msetnx",
  scan: "scan",
};
const UNREPEATABLE: Partial<Readonly<Record<KeyPositions, string>>> = {
  // The channel of `publish` is prefixed as a key is: nobody publishes to the channels of others.
  first:
    "incr incrby incrbyfloat decr decrby append getset getdel hincrby hincrbyfloat lpush rpush lpushx rpushx lpop rpop " +
    "linsert lrem ltrim spop zincrby zpopmin zpopmax zremrangebyrank xadd publish",
  two: "lmove rpoplpush rename renamenx",
};
/** These change the connection or hold it: no operator can allow them here. */
const NEVER: ReadonlySet<string> = new Set(
  (
    "subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe monitor sync psync multi exec discard watch unwatch " +
    "select auth hello quit reset client asking readonly readwrite wait waitaof blpop brpop brpoplpush blmove blmpop bzpopmin " +
    "bzpopmax bzmpop xread xreadgroup shutdown"
  ).split(" "),
);

const KNOWN: ReadonlyMap<string, KnownCommand> = new Map([
  ...entriesOf(REPEATABLE, true),
  ...entriesOf(UNREPEATABLE, false),
]);

function entriesOf(table: Partial<Record<KeyPositions, string>>, isRepeatable: boolean): [string, KnownCommand][] {
  return Object.entries(table).flatMap(([keys, names]) =>
    names.split(" ").map((name): [string, KnownCommand] => [name, { keys: keys as KeyPositions, isRepeatable }]),
  );
}

export function knownCommand(name: string): KnownCommand | undefined {
  return KNOWN.get(name.toLowerCase());
}

/** True for a command that no connection of this node can run. */
export function isNeverAllowed(name: string): boolean {
  return NEVER.has(name.toLowerCase());
}

/** True when running it twice would do more than running it once. */
export function isUnrepeatable(name: unknown, parameters: unknown): boolean {
  if (typeof name !== "string") return false;
  const command = knownCommand(name);
  if (command === undefined) return true;
  if (name.toLowerCase() !== "zadd") return !command.isRepeatable;
  return Array.isArray(parameters) && parameters.some((part) => String(part).toLowerCase() === "incr");
}

export interface PrefixParams {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly prefix: string;
}

/**
 * Puts the prefix before every key of a command.
 * @throws FatalNodeError `command_refused` for a command whose keys are not known
 */
export function withPrefix({ name, parameters, prefix }: PrefixParams): readonly string[] {
  if (prefix === "") return parameters;
  const command = knownCommand(name);
  if (command === undefined)
    throw new FatalNodeError(
      `${name.toUpperCase()} cannot run over a connection with a key prefix: where its keys are is not known.`,
      { code: "command_refused" },
    );
  if (command.keys === "scan") return scanWithin(parameters, prefix);
  return parameters.map((part, index) => (isKey(command.keys, index) ? prefix + part : part));
}

function isKey(keys: KeyPositions, index: number): boolean {
  switch (keys) {
    case "all":
      return true;
    case "alternate":
      return index % 2 === 0;
    case "two":
      return index < 2;
    default:
      return keys === "first" && index === 0;
  }
}

/** A scan sees nothing but what the prefix begins. */
function scanWithin([cursor = "0", ...options]: readonly string[], prefix: string): readonly string[] {
  const within = prefix.replace(/[\\*?[\]]/g, "\\$&");
  const at = options.findIndex((option, index) => index % 2 === 0 && option.toLowerCase() === "match");
  const others = at === -1 ? options : options.filter((_, index) => index !== at && index !== at + 1);
  // A second MATCH would stand in for ours.
  if (others.some((option, index) => index % 2 === 0 && option.toLowerCase() === "match"))
    throw new FatalNodeError("SCAN takes one MATCH only.", { code: "command_refused" });
  return [cursor, ...others, "MATCH", within + (at === -1 ? "*" : (options[at + 1] ?? "*"))];
}

/** Takes the prefix off the keys that a scan answers with. */
export function withoutPrefix(name: string, reply: unknown, prefix: string): unknown {
  if (prefix === "" || name.toLowerCase() !== "scan" || !Array.isArray(reply)) return reply;
  const [cursor, keys] = reply as [unknown, readonly string[]];
  return [cursor, keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length))];
}
