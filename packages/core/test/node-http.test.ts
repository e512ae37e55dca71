import { describe, expect, it } from "vitest";
import { defineNode, type NodeContext, type NodeType } from "../src/index.js";
import { flow, run } from "./support/workflow.js";

type Declaration = Pick<NodeType, "permissions">;

/** Runs a node with this function against a network that answers 503 at first; the keys that each call carried. */
async function keysOf(
  execute: (ctx: NodeContext) => Promise<unknown>,
  { failures = 0, ...declaration }: Partial<Declaration> & { readonly failures?: number } = {},
) {
  const keys: (string | null)[] = [];
  const http = async (_: string | URL, init?: RequestInit) => {
    keys.push(new Headers(init?.headers).get("idempotency-key"));
    return new Response("", { status: keys.length > failures ? 200 : 503 });
  };
  const asks = defineNode({ type: "asks", ...declaration, execute });
  const retry = { maxAttempts: 3, delaysMs: [1], on: "any" } as const;
  const result = await run(flow("a", { a: { type: "asks", retry } }), { nodes: [asks], http, advance: 100 });
  return { keys, result };
}

const post = (body: string) => ({ method: "POST", body });

describe("ctx.http", () => {
  it("sends no key with what changes nothing, and leaves a key alone that is there", async () => {
    const { keys } = await keysOf(async ({ http }) => {
      await http("https://example.com/");
      await http("https://example.com/", { method: "head" });
      await http("https://example.com/", { method: "PUT", headers: { "Idempotency-Key": "mine" } });
    });
    expect(keys).toEqual([null, null, "mine"]);
  });

  it("sends the same key for the same request in every attempt, and another for every other", async () => {
    const { keys, result } = await keysOf(
      async ({ http }) => {
        for (const body of ["one", "two", "two"]) {
          const { ok } = await http("https://example.com/orders", post(body));
          if (!ok) throw new Error("Not now.");
        }
      },
      { failures: 2 },
    );
    expect(result.status).toBe("completed");
    const [first, second, third, ...others] = keys;
    expect([second, third]).toEqual([first, first]);
    expect(new Set([first, ...others]).size).toBe(3);
    expect(others).toEqual([others[0], `${others[0]}:2`]);
  });

  it("tells equal requests of different steps apart, recorded or not", async () => {
    let runs = 0;
    const { keys } = await keysOf(async ({ http, step }) => {
      await step("first", async () => void (await http("https://example.com/", post("same"))));
      await step("second", async () => void (await http("https://example.com/", post("same"))));
      if (runs++ === 0) throw new Error("Once more.");
      await http("https://example.com/", post("same"));
    });
    expect(new Set(keys).size).toBe(3);
  });

  it("is refused where the declared permissions leave it out", async () => {
    const call = async ({ http }: NodeContext) => void (await http("https://example.com/"));
    const denied = await keysOf(call, { permissions: ["credentials"] });
    expect(denied.keys).toEqual([]);
    expect(denied.result.error).toMatchObject({ message: expect.stringContaining('add "net" to them') });
    expect((await keysOf(call, { permissions: ["net"] })).result.status).toBe("completed");
    expect((await keysOf(call)).result.status).toBe("completed");
  });
});

describe("ctx.idempotencyKey", () => {
  it("fits into a header whatever ids nodes have, and tells them apart", async () => {
    const ids = ["plain", "café", "日本", "a b", "%", "a%0020b"];
    const key = defineNode({ type: "key", execute: ({ idempotencyKey }) => idempotencyKey });
    const definition = { nodes: ids.map((id) => ({ id, type: "key" })) };
    const { nodes } = await run(definition, { nodes: [key] });
    const keys = ids.map((id) => String(nodes[id]?.output));
    expect(keys[0]).toMatch(/:plain$/);
    expect(keys.every((text) => new Headers({ key: text }).get("key") === text)).toBe(true);
    expect(new Set(keys).size).toBe(ids.length);
  });
});
