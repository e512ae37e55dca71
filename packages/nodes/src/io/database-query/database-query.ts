import { defineNode, type NodeType, z } from "@automatrix/core";
import { type DatabaseNodesOptions, ENGINE_CONNECTION } from "../databases/database-options.js";
import { Databases } from "../databases/databases.js";
import { Refusals } from "../databases/refusals.js";
import { refuseSessionStatements } from "../databases/statement-kind.js";
import { queryEngine } from "./query-engine.js";

const DEFAULT_ROW_LIMIT = 1_000;
const MAX_ROW_LIMIT = 100_000;
const MAX_SQL_LENGTH = 100_000;
/** Postgres and SQLite take no more. */
const MAX_PARAMETERS = 32_766;

/**
 * The nodes that query databases. Pools of connections belong to what this returns: call it once an engine.
 *
 * ```ts
 * createDatabaseNodes({ connections: { shop: "postgres://app:secret@db.internal/shop", cars: "sqlite:/srv/cars.db" } });
 * ```
 * @throws ConfigurationError `invalid_configuration`
 */
export function createDatabaseNodes(options: DatabaseNodesOptions = {}): readonly NodeType[] {
  return Object.freeze([createDatabaseQuery(options)]);
}

function createDatabaseQuery(options: DatabaseNodesOptions) {
  const databases = new Databases(options);
  const refusals = new Refusals();
  return defineNode({
    type: "database_query",
    label: "Database query",
    description:
      "Runs one SQL statement on Postgres, MySQL, MariaDB or SQLite, with bound parameters; on the engine's own database in the transaction that also writes the node's result.",
    category: "io",
    effects: ({ connection }) => (connection === ENGINE_CONNECTION ? "transactional" : "idempotent"),
    permissions: ["net", "fs", "credentials"],
    parameters: () =>
      z.object({
        connection: z
          .string()
          .min(1)
          .max(256)
          .describe(
            'Name of a connection that the operator set up, or of a credential; "engine" is the engine\'s own database.',
          ),
        sql: z
          .string()
          .min(1)
          .max(MAX_SQL_LENGTH)
          .describe(
            "One statement. Values belong into `parameters`: $1, $2 … in Postgres and SQLite, ? in MySQL and SQLite; SQLite also takes :name.",
          ),
        parameters: z
          .union([z.array(z.unknown()).max(MAX_PARAMETERS), z.record(z.string(), z.unknown())])
          .default([])
          .describe(
            "Values for the placeholders, in order, or by name on SQLite; sent apart from the statement, never spliced into it.",
          ),
        rowLimit: z
          .number()
          .int()
          .min(1)
          .max(MAX_ROW_LIMIT)
          .default(DEFAULT_ROW_LIMIT)
          .describe("Most rows to read; with more of them `truncated` is true."),
      }),
    output: () =>
      z.object({
        rows: z.array(z.record(z.string(), z.unknown())),
        rowCount: z.number(),
        truncated: z.boolean(),
        columns: z.array(z.string()),
        insertId: z.union([z.number(), z.string()]).optional(),
      }),
    example: {
      parameters: {
        connection: "shop",
        sql: "SELECT id, name FROM customers WHERE city = $1 ORDER BY id",
        parameters: ["{{input.city}}"],
      },
      input: { city: "Bonn" },
    },
    execute: (ctx) =>
      refusals.watch(ctx, async () => {
        refuseSessionStatements(ctx.parameters.sql);
        if (ctx.parameters.connection === ENGINE_CONNECTION) return queryEngine(ctx, ctx.parameters);
        return databases.run(ctx, ctx.parameters);
      }),
    verify: (ctx) => refusals.verify(ctx),
  });
}
