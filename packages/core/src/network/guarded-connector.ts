import type { LookupAddress, LookupAllOptions } from "node:dns";
import type { LookupFunction } from "node:net";
import type { buildConnector } from "undici";
import { FatalNodeError } from "../errors/errors.js";
import { type AddressPolicy, REFUSED_PORT } from "./address-policy.js";
import { ipFamily } from "./ip-family.js";

/** Resolves a name to all of its addresses, as `dns.lookup` does. */
export type ResolveAddresses = (
  name: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** Makes the function that opens a socket: `buildConnector` of undici, or the stub of a test. */
export type MakeConnector = (
  options: buildConnector.BuildOptions & { lookup: LookupFunction },
) => buildConnector.connector;

export interface GuardedConnectorParams {
  readonly policy: AddressPolicy;
  readonly resolve: ResolveAddresses;
  readonly makeConnector: MakeConnector;
  readonly connectTimeoutMs: number;
  readonly port: number;
}

/**
 * Opens the sockets of one origin. What is checked is the address about to be connected, in the same step that connects
 * it: a literal one here, one of a name in the lookup whose answer the socket uses. There is no second resolution that
 * could answer otherwise.
 */
export function guardedConnector(params: GuardedConnectorParams): buildConnector.connector {
  const { policy, makeConnector, connectTimeoutMs, port } = params;
  const connect = makeConnector({ timeout: connectTimeoutMs, lookup: guardedLookup(params) });
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, "");
    const refusal = ipFamily(host) === 0 ? undefined : policy.refusalOf({ host, address: host, port });
    if (refusal !== undefined) return callback(addressRefused(host, refusal), null);
    return connect({ ...options, hostname: host }, callback);
  };
}

function guardedLookup({ policy, resolve, port }: GuardedConnectorParams): LookupFunction {
  return (name, options, callback) => {
    resolve(name, { ...options, all: true } as LookupAllOptions, (error, addresses) => {
      if (error !== null) return callback(error, []);
      const refusals = addresses.map(({ address }) => policy.refusalOf({ host: name, address, port }));
      const allowed = addresses.filter((_, index) => refusals[index] === undefined);
      const [first] = allowed;
      if (first === undefined) return callback(addressRefused(name, refusals[0] ?? "unknown"), []);
      if (options.all === true) return callback(null, allowed);
      return callback(null, first.address, first.family);
    });
  };
}

/** Names the host that was asked for, not the address behind it: who may not call it has no need to know. */
function addressRefused(host: string, kind: string): FatalNodeError {
  const reason =
    kind === REFUSED_PORT ? "its port belongs to another protocol than HTTP" : `its address is not public (${kind})`;
  return new FatalNodeError(
    `The host "${host}" was not called: ${reason}. If it is meant to be called, add it to network.allow of the engine.`,
    { code: "address_refused", details: { host, kind } },
  );
}
