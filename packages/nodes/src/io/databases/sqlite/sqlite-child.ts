/**
 * What runs in the process that a SQLite connection has of its own: SQLite blocks its thread, and cannot be interrupted
 * from JavaScript, so that one long statement in the engine's process would cost it all its leases. A process can be
 * killed in the middle of a statement; the journal then undoes that.
 *
 * Plain JavaScript as text, handed to `node -e`: it needs no file beside the bundle. `watchParent` runs in a thread and
 * kills the process when the engine's is gone, even while a statement runs.
 */
export const SQLITE_CHILD_SOURCE = `
"use strict";
const { Worker } = require("node:worker_threads");
const { driver, file, readOnly, busyTimeoutMs } = JSON.parse(process.argv[1]);
new Worker(
  "const parent = process.ppid; setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL'); }, 1000);",
  { eval: true },
).unref();
process.on("disconnect", () => process.exit(0));

let database;
function open() {
  const Database = require(driver);
  database ??= new Database(file, { readonly: readOnly, fileMustExist: readOnly, timeout: busyTimeoutMs });
  return database;
}

class TooLarge extends Error {}

function sizeOf(value) {
  if (typeof value === "string") return value.length * 2;
  return value instanceof Uint8Array ? value.byteLength : 8;
}

// To the driver $1 is a name, so that it refuses a list for it, before anything runs. Values that nobody asked for are
// refused as they are for question marks.
function bind(statement, { parameters, names }) {
  if (names !== undefined) {
    return statement.bind(Object.fromEntries(names.map((name, index) => [name, parameters[index]])));
  }
  try {
    return statement.bind(...parameters);
  } catch (refusal) {
    const unread = new Set(parameters.keys());
    const numbered = {};
    for (const [index, value] of parameters.entries()) {
      const get = () => (unread.delete(index), value);
      Object.defineProperty(numbered, index + 1, { enumerable: true, get });
    }
    try {
      statement.bind(numbered);
    } catch (error) {
      throw /named parameter/.test(error.message) ? error : refusal;
    }
    if (unread.size > 0) throw refusal;
    return statement;
  }
}

function read(statement, { rowLimit, maxBytes }) {
  const rows = [];
  let bytes = 0;
  let truncated = false;
  for (const row of statement.raw(true).safeIntegers(true).iterate()) {
    if (rows.length >= rowLimit) {
      truncated = true;
      break;
    }
    for (const value of row) bytes += sizeOf(value);
    if (bytes > maxBytes) throw new TooLarge();
    rows.push(row);
  }
  return { rows, truncated, columns: statement.columns().map(({ name }) => name), rowCount: rows.length };
}

function run(request) {
  const statement = bind(open().prepare(request.sql), request);
  if (statement.reader) return read(statement, request);
  const { changes } = statement.run();
  return { rows: [], truncated: false, columns: [], rowCount: changes };
}

// Temporary tables and triggers would stand before the file's own for whoever comes next.
function forgetTemporary() {
  if (database === undefined) return;
  if (database.inTransaction) process.exit(1);
  if (database.prepare("SELECT 1 FROM sqlite_temp_master LIMIT 1").get() === undefined) return;
  database.close();
  database = undefined;
}

process.on("message", (request) => {
  let answer;
  try {
    answer = { result: run(request) };
  } catch (error) {
    const code = error instanceof TooLarge ? "TOO_LARGE" : String(error.code ?? error.name);
    answer = { error: { code, message: String(error.message) } };
  }
  forgetTemporary();
  process.send(answer);
});
process.send({ ready: true });
`;
