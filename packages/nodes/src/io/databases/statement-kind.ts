import { FatalNodeError } from "@automatrix/core";

/** Statements about the session or the transaction: each statement has a connection of its own and commits by itself. */
const SESSION_STATEMENTS: ReadonlySet<string> = new Set(
  (
    "abort attach begin close commit copy deallocate declare detach discard end fetch listen load lock move notify pragma " +
    "prepare release reset rollback savepoint set start unlisten unlock use vacuum xa"
  ).split(" "),
);

/** Ways in which databases read comments: nested or not, ended by any line break or by a line feed alone. */
const READINGS: readonly CommentReading[] = [
  { isNested: true, lineEnd: /[\n\r]/ },
  { isNested: false, lineEnd: /\n/ },
];

interface CommentReading {
  readonly isNested: boolean;
  readonly lineEnd: RegExp;
}

/**
 * Refuses statements that make no sense by themselves. On Postgres and MySQL a help to authors and no wall, since the
 * session is put back after each statement, whatever it did; SQLite relies on it to stay within its file, so that a text
 * is refused when any way to read its comments shows such a statement.
 * @throws FatalNodeError `query_refused`
 */
export function refuseSessionStatements(sql: string): void {
  const word = READINGS.map((reading) => firstWordOf(sql, reading)).find((first) => SESSION_STATEMENTS.has(first));
  if (word === undefined) return;
  throw new FatalNodeError(
    `database_query runs one statement that commits by itself; ${word.toUpperCase()} is not for it. Use connection "engine" to write together with the node's result.`,
    { code: "query_refused" },
  );
}

/** True for a statement that only reads, and that can stand in a subquery. False when in doubt. */
export function isPlainSelect(sql: string): boolean {
  const words = new Set(READINGS.map((reading) => firstWordOf(sql, reading)));
  const [word = ""] = words;
  if (words.size > 1 || !/^(select|values|with)$/.test(word)) return false;
  return !/\b(insert|update|delete|merge|into)\b/i.test(sql);
}

/** In lower case, behind blanks, semicolons, brackets and comments. */
function firstWordOf(sql: string, { isNested, lineEnd }: CommentReading): string {
  let index = 0;
  while (index < sql.length) {
    if (sql.startsWith("/*", index)) index = endOfComment(sql, index, isNested);
    else if (sql.startsWith("--", index)) {
      const end = sql.slice(index).search(lineEnd);
      if (end === -1) return "";
      index += end;
    } else if (/[\s;(]/.test(sql[index] as string)) index++;
    else break;
  }
  return /^[a-z]+/i.exec(sql.slice(index, index + 32))?.[0].toLowerCase() ?? "";
}

/** Where the comment that begins at `start` is over. */
function endOfComment(sql: string, start: number, isNested: boolean): number {
  let depth = 1;
  let index = start + 2;
  while (depth > 0 && index < sql.length) {
    if (sql.startsWith("*/", index)) depth--;
    else if (isNested && sql.startsWith("/*", index)) depth++;
    else {
      index++;
      continue;
    }
    index += 2;
  }
  return index;
}
