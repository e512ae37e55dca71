import type pg from "pg";
import type { Statement, StatementResult } from "../database-connection.js";
import { toColumnNames, toRow } from "../row-values.js";

/** Rows asked for at a time. */
const FETCH_ROWS = 500;

/** The part of the driver's query and connection that it does not declare. */
interface DriverQuery {
  handlePortalSuspended(connection: DriverConnection): void;
  handleCommandComplete(message: unknown, connection: DriverConnection): void;
  handleEmptyQuery(connection: DriverConnection): void;
  handleError(error: unknown, connection: DriverConnection): void;
}
interface DriverConnection {
  sync(): void;
}
interface DriverResult {
  readonly fields: readonly { readonly name: string }[];
  readonly rowCount: number | null;
}

/** A query handed to the driver, and what it will answer. */
export interface RunningQuery {
  readonly query: pg.Query;
  readonly result: Promise<StatementResult>;
}

/**
 * A query that asks for its rows piece by piece and stops asking when it has enough, so that neither side makes more.
 * The extended protocol, which this uses, takes one statement only, whatever the text holds behind a semicolon.
 */
export function createRowLimitedQuery(
  driver: typeof pg,
  types: unknown,
  { sql, parameters, rowLimit }: Statement,
): RunningQuery {
  const config = {
    text: sql,
    values: parameters.map((value) => value ?? null),
    rows: Math.min(rowLimit + 1, FETCH_ROWS),
    rowMode: "array",
    queryMode: "extended",
    types,
  };
  const query = new driver.Query(config as unknown as pg.QueryArrayConfig);
  const values: (readonly unknown[])[] = [];
  let isMore = false;
  limitTo(query as unknown as DriverQuery, () => isMore);
  query.on("row", (row: unknown) => {
    if (values.length < rowLimit) values.push(row as readonly unknown[]);
    else isMore = true;
  });
  const result = new Promise<StatementResult>((resolve, reject) => {
    query.on("error", reject);
    query.on("end", (end: unknown) => {
      const { fields, rowCount } = end as DriverResult;
      const columns = toColumnNames(fields.map(({ name }) => name));
      const rows = values.map((row) => toRow(columns, row));
      resolve({ rows, columns, truncated: isMore, rowCount: columns.length > 0 ? rows.length : (rowCount ?? 0) });
    });
  });
  result.catch(() => {});
  return { query, result };
}

/**
 * With rows piece by piece, ending the exchange is up to the query: at enough rows, and after an error. It is ended once
 * only, since the server answers each end: an error at the commit comes after it, and a second answer would be taken for
 * that to the next query.
 */
function limitTo(query: DriverQuery, isEnough: () => boolean): void {
  const goOn = query.handlePortalSuspended.bind(query);
  const complete = query.handleCommandComplete.bind(query);
  const completeEmpty = query.handleEmptyQuery.bind(query);
  const fail = query.handleError.bind(query);
  let isEnded = false;
  const end = (connection: DriverConnection) => {
    if (!isEnded) connection.sync();
    isEnded = true;
  };
  query.handlePortalSuspended = (connection) => (isEnough() ? end(connection) : goOn(connection));
  query.handleCommandComplete = (message, connection) => {
    isEnded = true;
    complete(message, connection);
  };
  query.handleEmptyQuery = (connection) => {
    isEnded = true;
    completeEmpty(connection);
  };
  query.handleError = (error, connection) => {
    end(connection);
    fail(error, connection);
  };
}
