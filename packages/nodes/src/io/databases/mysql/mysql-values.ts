import { toExactNumber, toJsonValue } from "../row-values.js";

/** Numbers of column types in the protocol. */
const LONGLONG = 8;
const TIMESTAMPS: ReadonlySet<number> = new Set([7, 17]);
const DATETIMES: ReadonlySet<number> = new Set([12, 18]);

/** A value of a column as JSON. The session's zone is UTC, so that a TIMESTAMP is an instant; a DATETIME has no zone. */
export function toMysqlJson(value: unknown, columnType: number | undefined): unknown {
  if (columnType === undefined || typeof value !== "string") return toJsonValue(value);
  if (columnType === LONGLONG) return toExactNumber(value);
  if (TIMESTAMPS.has(columnType)) return `${value.replace(" ", "T")}Z`;
  if (DATETIMES.has(columnType)) return value.replace(" ", "T");
  return value;
}

/** A parameter as the driver binds it: lists and objects as JSON text. */
export function toMysqlParameter(value: unknown): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "object") return JSON.stringify(value);
  return value as string | number | boolean;
}
