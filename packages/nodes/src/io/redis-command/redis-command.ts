import { defineNode, type NodeType, z } from "@automatrix/core";
import { Refusals } from "../databases/refusals.js";
import { toJsonValue } from "../databases/row-values.js";
import { isUnrepeatable } from "./command-table.js";
import { type RedisNodesOptions, RedisServers } from "./redis-servers.js";

const MAX_ARGUMENTS = 10_000;

/**
 * The nodes that talk to Redis. Pools of connections belong to what this returns: call it once an engine.
 *
 * ```ts
 * createRedisNodes({ connections: { cache: { url: "redis://cache.internal", keyPrefix: "workflows:{tenant}:" } } });
 * ```
 * @throws ConfigurationError `invalid_configuration`
 */
export function createRedisNodes(options: RedisNodesOptions = {}): readonly NodeType[] {
  return Object.freeze([createRedisCommand(options)]);
}

function createRedisCommand(options: RedisNodesOptions) {
  const servers = new RedisServers(options);
  const refusals = new Refusals();
  return defineNode({
    type: "redis_command",
    label: "Redis command",
    description: "Runs one command on Redis. Commands that block, administer or run scripts are refused.",
    category: "io",
    effects: ({ command, args }) => (isUnrepeatable(command, args) ? "once" : "idempotent"),
    permissions: ["net", "credentials"],
    parameters: () =>
      z.object({
        connection: z
          .string()
          .min(1)
          .max(256)
          .describe("Name of a connection that the operator set up, or of a credential."),
        command: z
          .string()
          .regex(/^[a-zA-Z][a-zA-Z.]{1,31}$/, "The command is one word; its arguments belong into args.")
          .describe("The command, such as GET, SET, HSET, INCR."),
        args: z
          .array(
            z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.unknown()), z.array(z.unknown())]),
          )
          .max(MAX_ARGUMENTS)
          .default([])
          .describe("Its arguments, in order; lists and objects are sent as JSON text."),
      }),
    output: () => z.object({ result: z.unknown() }),
    example: {
      parameters: { connection: "cache", command: "SET", args: ["lead:{{input.id}}", "{{input.name}}", "EX", 3600] },
      input: { id: 7, name: "Ada" },
    },
    execute: (ctx) =>
      refusals.watch(ctx, async () => {
        const { connection, command, args } = ctx.parameters;
        const parameters = args.map((part) => (typeof part === "object" ? JSON.stringify(part) : String(part)));
        return { result: toJsonValue(await servers.run(ctx, { connection, command, parameters })) };
      }),
    verify: (ctx) => refusals.verify(ctx),
  });
}
