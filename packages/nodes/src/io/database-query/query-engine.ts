import { AutomatrixError, FatalNodeError, type NodeContext, RetryableNodeError, StorageError } from "@automatrix/core";
import type { StatementResult } from "../databases/database-connection.js";
import { toRefusalError } from "../databases/database-errors.js";
import { type DatabaseRequest, requireList } from "../databases/databases.js";
import { isEndOfConnection, isPostgresError, toPostgresRefusal } from "../databases/postgres/postgres-errors.js";
import { toJsonValue } from "../databases/row-values.js";
import { toSqliteRefusal } from "../databases/sqlite/sqlite-errors.js";
import { isPlainSelect } from "../databases/statement-kind.js";

/** Runs a statement in the transaction that also writes the node's result: both are durable, or neither. */
export function queryEngine(ctx: NodeContext<unknown>, request: DatabaseRequest): Promise<StatementResult> {
  const { sql, rowLimit, connection } = request;
  const parameters = requireList(request.parameters, connection);
  return ctx.transaction(async (transaction) => {
    try {
      const answer = await transaction.query(limitRows(sql, rowLimit), parameters.map(toParameter));
      const rows = answer.rows.slice(0, rowLimit).map((row) => toJsonValue(row) as Readonly<Record<string, unknown>>);
      const isReading = rows.length > 0;
      return {
        rows,
        rowCount: isReading ? rows.length : answer.rowCount,
        truncated: answer.rows.length > rowLimit,
        columns: Object.keys(rows[0] ?? {}),
      };
    } catch (error) {
      throw toNodeError(connection, error);
    }
  });
}

/** The transaction hands over whole results: what only reads is asked for one row more than wanted, and no further. */
function limitRows(sql: string, rowLimit: number): string {
  if (!isPlainSelect(sql)) return sql;
  return `SELECT * FROM (${sql.replace(/[\s;]+$/, "")}\n) AS limited_rows LIMIT ${rowLimit + 1}`;
}

/** The driver is the storage's: lists and objects go as JSON text in both. */
function toParameter(value: unknown): unknown {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : (value ?? null);
}

function toNodeError(name: string, error: unknown): unknown {
  if (AutomatrixError.is(error)) return toOwnError(name, error);
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (typeof code === "string" && code.startsWith("SQLITE_"))
    return toRefusalError(name, toSqliteRefusal({ code, message: String(message) }));
  if (isPostgresError(error))
    return isEndOfConnection(error)
      ? new RetryableNodeError("The engine's database was lost during the statement.", { code: "storage_unavailable" })
      : toRefusalError(name, toPostgresRefusal(error));
  // Of the driver of SQLite: several statements, or parameters that do not fit.
  if (error instanceof RangeError || error instanceof TypeError)
    return toRefusalError(name, toSqliteRefusal({ code: error.name, message: error.message }));
  return error;
}

/** A statement that the transaction does not take is the author's to change; one that was undone may be tried again. */
function toOwnError(name: string, error: AutomatrixError): AutomatrixError {
  const { sqlState } = (error.details ?? {}) as { readonly sqlState?: unknown };
  if (typeof sqlState === "string" && sqlState.startsWith("40"))
    return toRefusalError(name, toPostgresRefusal({ code: sqlState, message: error.message }));
  const isRefusal = error instanceof StorageError && ["invalid_input", "transaction_misused"].includes(error.code);
  return isRefusal ? new FatalNodeError(error.message, { code: "query_refused" }) : error;
}
