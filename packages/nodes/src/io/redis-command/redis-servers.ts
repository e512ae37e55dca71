import { ConfigurationError, FatalNodeError, type NodeContext } from "@automatrix/core";
import { readConnectionCredential, refuseForeignHost } from "../databases/connection-credential.js";
import { ConnectionPools } from "../databases/connection-pools.js";
import { fingerprintOf, parseServerSettings, type ServerSettings } from "../databases/server-settings.js";
import { isNeverAllowed, knownCommand, withoutPrefix, withPrefix } from "./command-table.js";
import { openRedis, type RedisConnection } from "./redis-connection.js";

const DEFAULT_MAX_CONNECTIONS = 10;
const DEFAULT_COMMAND_TIMEOUT_MS = 10_000;
const DEFAULT_CONNECT_TIMEOUT_MS = 5_000;
const DEFAULT_WAIT_MS = 30_000;
const DEFAULT_IDLE_MS = 30_000;
const DEFAULT_MAX_REPLY_BYTES = 8 * 1024 * 1024;

/** A connection that the operator names: an address (`redis://…`, `rediss://…`), or the same with settings of its own. */
export type RedisConnectionOption = string | RedisServerSettings;

export interface RedisServerSettings {
  /** An address, in place of the single parts. */
  readonly url?: string;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: number;
  readonly ssl?: boolean | { readonly rejectUnauthorized?: boolean; readonly ca?: string };
  /** Put before every key and channel; `{tenant}` in it stands for the execution's tenant. Default: none. */
  readonly keyPrefix?: string;
  /** Commands to run beside those that always may, such as `json.get` or `eval`. */
  readonly allowCommands?: readonly string[];
}

/** What the operator sets up for `redis_command`. */
export interface RedisNodesOptions {
  /** Connections by the name that workflows use. Without any, workflows use credentials. */
  readonly connections?: Readonly<Record<string, RedisConnectionOption>>;
  /** Hosts that connections of credentials may lead to, with or without port. Default: any. */
  readonly credentialHosts?: readonly string[];
  /** Connections of one server. Default 10. */
  readonly maxConnections?: number;
  /** Default 10 s. */
  readonly commandTimeoutMs?: number;
  /** Default 5 s. */
  readonly connectTimeoutMs?: number;
  /** Largest reply. Default 8 MiB. */
  readonly maxReplyBytes?: number;
}

interface RedisTarget {
  readonly server: ServerSettings;
  readonly keyPrefix: string;
  readonly allowed: ReadonlySet<string>;
}

export interface RedisRequest {
  readonly connection: string;
  readonly command: string;
  readonly parameters: readonly string[];
}

/** The Redis servers that one engine's nodes reach. */
export class RedisServers {
  readonly #options: RedisNodesOptions;
  readonly #named: ReadonlyMap<string, RedisTarget>;
  readonly #credentialHosts: ReadonlySet<string> | undefined;
  readonly #pools = new ConnectionPools<RedisConnection>();

  /** @throws ConfigurationError `invalid_configuration` */
  constructor(options: RedisNodesOptions) {
    this.#options = options;
    this.#credentialHosts = options.credentialHosts === undefined ? undefined : new Set(options.credentialHosts);
    this.#named = new Map(
      Object.entries(options.connections ?? {}).map(([name, option]) => [name, parseOption(name, option)]),
    );
  }

  async run(ctx: NodeContext<unknown>, { connection: name, command, parameters }: RedisRequest): Promise<unknown> {
    const target = this.#named.get(name) ?? (await this.#readCredential(ctx, name));
    refuseCommand(command, target);
    const prefix = target.keyPrefix.replaceAll("{tenant}", encodeURIComponent(ctx.execution.tenant ?? ""));
    const pool = this.#poolOf(name, target.server);
    const given = withPrefix({ name: command, parameters, prefix });
    const reply = await pool.use(ctx.signal, (opened) => opened.run({ name: command, parameters: given }, ctx.signal));
    return withoutPrefix(command, reply, prefix);
  }

  async #readCredential(ctx: NodeContext<unknown>, name: string): Promise<RedisTarget> {
    const credential = await readConnectionCredential(ctx, name, "redis");
    const server = parseServerSettings(credential, name, "redis");
    refuseForeignHost(name, server, this.#credentialHosts);
    const { keyPrefix } = credential;
    return { server, keyPrefix: typeof keyPrefix === "string" ? keyPrefix : "", allowed: new Set() };
  }

  #poolOf(name: string, server: ServerSettings) {
    const { maxConnections = DEFAULT_MAX_CONNECTIONS, ...options } = this.#options;
    const settings = {
      name,
      connectTimeoutMs: options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS,
      commandTimeoutMs: options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS,
      maxReplyBytes: options.maxReplyBytes ?? DEFAULT_MAX_REPLY_BYTES,
    };
    return this.#pools.get(fingerprintOf([name, server]), {
      name,
      open: (signal) => openRedis(server, settings, signal),
      maxConnections,
      waitMs: DEFAULT_WAIT_MS,
      idleMs: DEFAULT_IDLE_MS,
    });
  }
}

function refuseCommand(name: string, { allowed }: RedisTarget): void {
  if (knownCommand(name) !== undefined || allowed.has(name.toLowerCase())) return;
  throw new FatalNodeError(
    `redis_command does not run ${name.toUpperCase()}; the operator can allow it with "allowCommands" of the connection, unless it blocks or changes the connection.`,
    { code: "command_refused" },
  );
}

function parseOption(name: string, option: RedisConnectionOption): RedisTarget {
  const { keyPrefix = "", allowCommands = [] }: RedisServerSettings = typeof option === "string" ? {} : option;
  const never = allowCommands.find(isNeverAllowed);
  if (never !== undefined)
    throw new ConfigurationError(
      "invalid_configuration",
      `The Redis connection "${name}" cannot allow ${never.toUpperCase()}: it blocks or changes a connection that others share.`,
    );
  try {
    const server = parseServerSettings(option, name, "redis");
    return { server, keyPrefix, allowed: new Set(allowCommands.map((command) => command.toLowerCase())) };
  } catch (error) {
    throw new ConfigurationError("invalid_configuration", (error as Error).message);
  }
}
