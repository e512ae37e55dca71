import type { DatabaseRefusal } from "../database-errors.js";

/** What of an error of MySQL is used. The messages of most hold values. */
interface MysqlError {
  readonly errno: number;
  readonly sqlState: string;
  readonly message: string;
}

const LOGIN_ERRORS: ReadonlySet<number> = new Set([1044, 1045, 1049, 1130, 1251, 1698]);
/** Too many connections, server shutting down, connection killed, gone away. */
const CONNECTION_ERRORS: ReadonlySet<number> = new Set([1040, 1053, 1203, 1927, 2006, 2013, 4031]);
/** Deadlock, lock wait, no room. */
const CONFLICT_ERRORS: ReadonlySet<number> = new Set([1205, 1213, 1020, 1021, 1037, 1041, 3572]);
const TIMEOUT_ERRORS: ReadonlySet<number> = new Set([1317, 1969, 3024]);
const DENIED_ERRORS: ReadonlySet<number> = new Set([1142, 1143, 1227, 1290, 1370, 1792]);
const CONSTRAINT_ERRORS: ReadonlySet<number> = new Set([
  1048, 1062, 1216, 1217, 1364, 1451, 1452, 1557, 1586, 3819, 4025,
]);
/** Syntax, and names that do not exist: these messages quote the statement, which holds no bound values. */
const SYNTAX_ERRORS: ReadonlySet<number> = new Set([1052, 1054, 1064, 1109, 1146, 1149, 1210, 1305]);

/** True for what the server answered, false for what became of the connection. */
export function isMysqlError(error: unknown): error is MysqlError {
  const { errno, sqlState, message } = (error ?? {}) as { errno?: unknown; sqlState?: unknown; message?: unknown };
  return typeof errno === "number" && typeof sqlState === "string" && typeof message === "string";
}

export function isLoginRefusal({ errno }: MysqlError): boolean {
  return LOGIN_ERRORS.has(errno);
}

/** True when the server ended the connection. */
export function isEndOfConnection({ errno }: MysqlError): boolean {
  return CONNECTION_ERRORS.has(errno);
}

export function toMysqlRefusal({ errno, sqlState, message }: MysqlError): DatabaseRefusal {
  const code = `${sqlState}/${errno}`;
  if (CONFLICT_ERRORS.has(errno))
    return { kind: "conflict", code, why: "the statement met another one, or the server has no room, and was undone" };
  if (TIMEOUT_ERRORS.has(errno)) return { kind: "timeout", code, why: "the server stopped the statement" };
  if (CONSTRAINT_ERRORS.has(errno) || sqlState === "23000")
    return { kind: "constraint", code, why: `a constraint${nameIn(message)} is not met` };
  if (DENIED_ERRORS.has(errno)) return { kind: "denied", code, why: "this connection may not do that" };
  if (SYNTAX_ERRORS.has(errno)) return { kind: "syntax", code, why: message.replace(/\.$/, "") };
  if (sqlState.startsWith("22")) return { kind: "values", code, why: "a value does not fit where it is used" };
  return { kind: "other", code, why: "the statement was refused" };
}

/** The last quoted word names the key or column; the ones before it may be values. */
function nameIn(message: string): string {
  const [, name] = /(?:key|CONSTRAINT|Column|Field) [`'"]([\w.$-]+)[`'"][^`'"]*$/i.exec(message) ?? [];
  return name === undefined ? "" : ` "${name}"`;
}
