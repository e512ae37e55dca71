import { FatalNodeError, type NodeContext } from "@automatrix/core";
import { readConnectionCredential, refuseForeignHost } from "./connection-credential.js";
import type { ConnectionPool } from "./connection-pool.js";
import { ConnectionPools } from "./connection-pools.js";
import type { ConnectionSettings, DatabaseConnection, Statement, StatementResult } from "./database-connection.js";
import {
  type DatabaseLimits,
  type DatabaseNodesOptions,
  type DatabaseTarget,
  parseConnectionOption,
  parseCredentialTarget,
  toDatabaseLimits,
} from "./database-options.js";
import { openMysql } from "./mysql/mysql-connection.js";
import { openPostgres } from "./postgres/postgres-connection.js";
import { fingerprintOf } from "./server-settings.js";
import { openSqlite } from "./sqlite/sqlite-connection.js";

/** What a node asks of a database. */
export interface DatabaseRequest {
  readonly connection: string;
  readonly sql: string;
  /** In order, or by name. */
  readonly parameters: readonly unknown[] | Readonly<Record<string, unknown>>;
  readonly rowLimit: number;
}

/** The databases that one engine's nodes reach: those that the operator named, and those of credentials. */
export class Databases {
  readonly #limits: DatabaseLimits;
  readonly #named: ReadonlyMap<string, DatabaseTarget>;
  readonly #credentialHosts: ReadonlySet<string> | undefined;
  readonly #pools = new ConnectionPools<DatabaseConnection>();

  /** @throws ConfigurationError `invalid_configuration` */
  constructor(options: DatabaseNodesOptions) {
    this.#limits = toDatabaseLimits(options);
    this.#credentialHosts = options.credentialHosts === undefined ? undefined : new Set(options.credentialHosts);
    this.#named = new Map(
      Object.entries(options.connections ?? {}).map(([name, option]) => [
        name,
        parseConnectionOption(name, option, this.#limits),
      ]),
    );
  }

  /** Runs one statement; an abort of `ctx.signal` cancels it on the server. */
  async run(ctx: NodeContext<unknown>, request: DatabaseRequest): Promise<StatementResult> {
    const { connection: name, sql, parameters, rowLimit } = request;
    const target = await this.#targetOf(ctx, name);
    const given = "file" in target.to ? toNamed(parameters) : { parameters: requireList(parameters, name) };
    const pool = this.#poolOf(name, target);
    const statement = { sql, ...given, rowLimit, maxBytes: this.#limits.maxResultBytes };
    return pool.use(ctx.signal, (connection) => connection.run(statement, ctx.signal));
  }

  async #targetOf(ctx: NodeContext<unknown>, name: string): Promise<DatabaseTarget> {
    const named = this.#named.get(name);
    if (named !== undefined) return named;
    const target = parseCredentialTarget(name, await readConnectionCredential(ctx, name, "database"), this.#limits);
    refuseForeignHost(name, target.to, this.#credentialHosts);
    return target;
  }

  #poolOf(name: string, target: DatabaseTarget): ConnectionPool<DatabaseConnection> {
    const { connectTimeoutMs, waitMs, idleMs } = this.#limits;
    const { readOnly, statementTimeoutMs, maxConnections } = target;
    const settings: ConnectionSettings = { name, readOnly, statementTimeoutMs, connectTimeoutMs };
    const open = (signal: AbortSignal) => openDatabase(target, settings, signal);
    return this.#pools.get(fingerprintOf([name, target]), { name, open, maxConnections, waitMs, idleMs });
  }
}

function toNamed(parameters: DatabaseRequest["parameters"]): Pick<Statement, "parameters" | "names"> {
  if (Array.isArray(parameters)) return { parameters };
  return { parameters: Object.values(parameters), names: Object.keys(parameters) };
}

/** @throws FatalNodeError `query_refused` for parameters by name */
export function requireList(parameters: DatabaseRequest["parameters"], name: string): readonly unknown[] {
  if (Array.isArray(parameters)) return parameters;
  throw new FatalNodeError(
    `The connection "${name}" takes \`parameters\` as a list, in the order of the placeholders; by name only SQLite files take them.`,
    { code: "query_refused" },
  );
}

function openDatabase(
  { to }: DatabaseTarget,
  settings: ConnectionSettings,
  signal: AbortSignal,
): Promise<DatabaseConnection> {
  if ("file" in to) return openSqlite(to, settings, signal);
  return to.kind === "mysql" ? openMysql(to, settings, signal) : openPostgres(to, settings, signal);
}
