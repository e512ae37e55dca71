import { describe, expect, it } from "vitest";
import {
  type Durability,
  defineNode,
  type Effects,
  type ExecutionCommit,
  type NodeContext,
  RetryableNodeError,
  StorageError,
  type StorageTransaction,
  z,
} from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import {
  faultyStorage,
  type ScriptedOutcome,
  scriptedNode,
  sequentialIds,
  testClock,
  testEngine,
} from "../src/testing/index.js";
import { transactionalStorage } from "./support/transactional-storage.js";
import { BASIC_NODES, flow } from "./support/workflow.js";

const insert = (tx: StorageTransaction, value: unknown = 1) => tx.query("insert", [value]);

/** A transactional node of type `book`. */
const book = (...script: readonly ScriptedOutcome[]) =>
  scriptedNode({ type: "book", effects: "transactional", script });

async function setUp(
  node: ReturnType<typeof book>,
  {
    storage = transactionalStorage(memoryStorage()),
    durability,
  }: { storage?: ReturnType<typeof transactionalStorage>; durability?: Durability } = {},
) {
  const others = [scriptedNode({ type: "pure", effects: "pure", script: [{ output: "pure" }] })];
  const engine = await testEngine({
    nodes: [...BASIC_NODES, ...others, node],
    storage,
    ...(durability === undefined ? {} : { durability }),
  });
  return { engine, storage };
}

const BOOK = flow("b", { b: { type: "book" } });

describe("ctx.transaction", () => {
  it("writes what the node writes and its result in one commit that goes alone", async () => {
    const node = book(async (ctx) => {
      const count = await ctx.transaction(async (tx) => (await insert(tx, ctx.idempotencyKey)).rows[0]?.["count"]);
      return { count };
    });
    const { engine, storage } = await setUp(node);
    await using _ = engine;
    const result = await engine.run(flow("a>b b>c", { b: { type: "book" }, c: { type: "pass" } }));
    expect(result).toMatchObject({ status: "completed", output: { count: 1 }, nodes: { b: { attempts: 1 } } });
    expect(storage.written).toEqual([{ sql: "insert", parameters: [node.calls[0]?.idempotencyKey] }]);
    const alone = storage.batches.filter((batch) => batch.some(({ transaction }) => transaction !== undefined));
    expect(alone).toHaveLength(1);
    expect(alone[0]).toHaveLength(1);
    expect(alone[0]?.[0]?.nodes).toMatchObject([{ path: "b", status: "completed" }]);
    expect(alone[0]?.[0]?.events?.map(({ type }) => type)).toEqual(["node.completed"]);
  });

  it("comes after everything that was to be written before it, in every mode", async () => {
    for (const durability of ["barrier", "strict", "outcome"] as const) {
      const storage = transactionalStorage(memoryStorage());
      let seen: unknown;
      const node = book((ctx) =>
        ctx.transaction(async (tx) => {
          seen = (await storage.listNodes(ctx.execution.id)).map(({ path, status }) => [path, status]);
          await insert(tx);
          return 1;
        }),
      );
      const { engine } = await setUp(node, { storage, durability });
      await using _ = engine;
      const result = await engine.run(flow("a>p p>b", { p: { type: "pure" }, b: { type: "book" } }));
      expect(result.status).toBe("completed");
      expect(seen).toEqual([
        ["a", "completed"],
        ["p", "completed"],
      ]);
    }
  });

  it("has its events in the journal without gaps, in order", async () => {
    const node = book(async (ctx) => {
      ctx.setVariables({ booked: true });
      return ctx.transaction((tx) => insert(tx).then(() => "ok"));
    });
    const { engine } = await setUp(node);
    await using _ = engine;
    const seen: number[] = [];
    engine.on("*", (event) => seen.push(event.seq));
    const handle = await engine.execute(
      flow("a>b b>v", { b: { type: "book" }, v: { type: "value", data: { value: "{{ booked }}" } } }),
    );
    expect((await handle.result()).output).toBe(true);
    const journal = await engine.getJournal(handle.id);
    expect(journal.map(({ seq }) => seq)).toEqual(journal.map((_event, index) => index + 1));
    expect(seen).toEqual(journal.map(({ seq }) => seq));
    expect(journal.filter(({ nodeId }) => nodeId === "b").map(({ type }) => type)).toEqual([
      "node.started",
      "variables.set",
      "node.completed",
    ]);
  });

  it.each([
    [1, "before and after, not in between"],
    [2, "meanwhile, where the storage takes two commits at once"],
  ])("lets other executions go on (%i: %s)", async (commitsAtOnce) => {
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const node = book((ctx) => ctx.transaction(() => gate));
    const storage = transactionalStorage(memoryStorage(), { commitsAtOnce });
    const { engine } = await setUp(node, { storage });
    await using _ = engine;
    // Its other branch has something to write while the transaction is open: that has to wait.
    const booking = engine.run(flow("b a>c", { b: { type: "book" } }));
    await engine.runUntilIdle();
    let other: string | undefined;
    const running = engine.run(flow("a")).then(({ status }) => {
      other = status;
    });
    await engine.runUntilIdle();
    expect(other).toBe(commitsAtOnce === 1 ? undefined : "completed");
    const [booked] = storage.batches.find(([commit]) => commit?.transaction !== undefined) as [ExecutionCommit];
    const lastBatch = storage.batches.findLastIndex((batch) =>
      batch.some(({ executionId }) => executionId === booked.executionId),
    );
    expect(storage.batches[lastBatch]).toEqual([booked]);
    open();
    const [{ status }] = await Promise.all([booking, running]);
    expect([status, other]).toEqual(["completed", "completed"]);
  });

  it("is not needed: a transactional node without it completes as any other", async () => {
    const { engine, storage } = await setUp(book({ output: 1 }));
    await using _ = engine;
    expect(await engine.run(BOOK)).toMatchObject({ status: "completed", output: 1 });
    expect(storage.written).toEqual([]);
  });

  it("counts even if the node does not await it", async () => {
    const node = book((ctx) => {
      void ctx.transaction((tx) => insert(tx));
      return "returned first";
    });
    const { engine, storage } = await setUp(node);
    await using _ = engine;
    expect((await engine.run(BOOK)).output).toBe("returned first");
    expect(storage.written).toHaveLength(1);
  });

  it("works in many executions at once", async () => {
    const node = book((ctx) => ctx.transaction(async (tx) => (await insert(tx)).rowCount));
    const { engine, storage } = await setUp(node);
    await using _ = engine;
    const results = await Promise.all(
      Array.from({ length: 20 }, () => engine.run(flow("a>b", { b: { type: "book" } }))),
    );
    expect(results.map(({ status }) => status)).toEqual(Array(20).fill("completed"));
    expect(storage.written).toHaveLength(20);
  });
});

describe("a transaction is rolled back and the attempt fails", () => {
  const failures: Readonly<Record<string, (ctx: NodeContext) => Promise<unknown>>> = {
    "when its callback throws": (ctx) =>
      ctx.transaction(async (tx) => {
        await insert(tx);
        throw new RetryableNodeError("busy");
      }),
    "when a query fails": (ctx) =>
      ctx.transaction(async (tx) => {
        await insert(tx);
        await tx.query("fail");
      }),
    "when the node throws after it": async (ctx) => {
      await ctx.transaction((tx) => insert(tx));
      throw new Error("afterwards");
    },
    "when the node swallows the error of its callback": async (ctx) => {
      await ctx.transaction((tx) => tx.query("fail")).catch(() => {});
      return "as if nothing had happened";
    },
    "when its output is not JSON": async (ctx) => {
      await ctx.transaction((tx) => insert(tx));
      return () => 1;
    },
    "when it returns a wait": async (ctx) => {
      await ctx.transaction((tx) => insert(tx));
      return ctx.wait.delay(1);
    },
    "when it is called twice": async (ctx) => {
      await ctx.transaction((tx) => insert(tx));
      await ctx.transaction((tx) => insert(tx));
    },
    "when it uses a step while it is open": (ctx) => ctx.transaction(() => ctx.step("s", () => 1)),
  };
  for (const [name, code] of Object.entries(failures)) {
    it(name, async () => {
      const { engine, storage } = await setUp(book(code));
      await using _ = engine;
      const result = await engine.run(flow("b", { b: { type: "book", retry: { maxAttempts: 1 } } }));
      expect(result.status).toBe("failed");
      expect(storage.written).toEqual([]);
      expect(result.nodes["b"]).toMatchObject({ status: "failed", attempts: 1 });
    });
  }

  it("under the normal retry rules, and a later attempt commits", async () => {
    const node = book(
      (ctx) =>
        ctx.transaction(async (tx) => {
          await insert(tx, "first");
          throw new RetryableNodeError("busy");
        }),
      (ctx) => ctx.transaction((tx) => insert(tx, "second").then(() => 2)),
    );
    const { engine, storage } = await setUp(node);
    await using _ = engine;
    const running = engine.run(BOOK);
    await engine.advance("5s");
    expect(await running).toMatchObject({ status: "completed", output: 2, nodes: { b: { attempts: 2 } } });
    expect(storage.written).toEqual([{ sql: "insert", parameters: ["second"] }]);
  });

  it("after five seconds, which may pass; what the callback still does is refused", async () => {
    let late: Promise<unknown> = Promise.resolve();
    const node = book(
      (ctx) =>
        ctx.transaction(async (tx) => {
          await insert(tx);
          await new Promise<void>((resolve) => ctx.clock.setTimer(ctx.clock.now() + 6_000, resolve));
          late = insert(tx);
          await late;
        }),
      (ctx) => ctx.transaction((tx) => insert(tx, "quick").then(() => "quick")),
    );
    const { engine, storage } = await setUp(node);
    await using _ = engine;
    const handle = await engine.execute(BOOK);
    await engine.advance(4_999);
    expect(node.calls[0]?.signal.aborted).toBe(false);
    await engine.advance(1);
    expect(node.calls[0]?.signal.aborted).toBe(true);
    await engine.advance("10s");
    expect((await handle.result()).output).toBe("quick");
    await expect(late).rejects.toMatchObject({ code: "transaction_misused" });
    expect(storage.written).toEqual([{ sql: "insert", parameters: ["quick"] }]);
    const failed = (await engine.getJournal(handle.id)).find(({ type }) => type === "node.attempt_failed");
    expect(failed?.data.error.code).toBe("transaction_timed_out");
  });

  it("when the storage refuses to commit", async () => {
    const node = book((ctx) => ctx.transaction((tx) => insert(tx).then(() => 1)));
    const { engine, storage } = await setUp(node);
    await using _ = engine;
    storage.beforeCommit = () => {
      throw new Error("deferred constraint");
    };
    const result = await engine.run(flow("b", { b: { type: "book", retry: { maxAttempts: 2, delaysMs: [0] } } }));
    expect(result).toMatchObject({ status: "completed", nodes: { b: { attempts: 2 } } });
    expect(storage.written).toHaveLength(1);
  });

  it("when the storage gives up on it by itself", async () => {
    const storage = transactionalStorage(memoryStorage());
    const node = book(
      async (ctx) => {
        await ctx.transaction((tx) => insert(tx, "first"));
        await new Promise<void>((resolve) => ctx.clock.setTimer(ctx.clock.now() + 1_000, resolve));
        return "as if it were written";
      },
      (ctx) => ctx.transaction((tx) => insert(tx, "second").then(() => "written")),
    );
    const { engine } = await setUp(node, { storage });
    await using _ = engine;
    storage.giveUp = new StorageError("storage_unavailable", "The connection was lost.");
    const running = engine.run(BOOK);
    await engine.advance("10s");
    expect(await running).toMatchObject({ status: "completed", output: "written" });
    expect(storage.written.map(({ parameters }) => parameters[0])).toEqual(["second"]);
  });

  it("when the execution is cancelled while it is open", async () => {
    const node = book((ctx) =>
      ctx.transaction(async (tx) => {
        await insert(tx);
        await new Promise(() => {});
      }),
    );
    const { engine, storage } = await setUp(node);
    await using _ = engine;
    const handle = await engine.execute(BOOK);
    await engine.runUntilIdle();
    await handle.cancel();
    await engine.advance("10s");
    expect(await handle.result()).toMatchObject({ status: "cancelled", nodes: { b: { status: "cancelled" } } });
    expect(storage.written).toEqual([]);
  });

  it("when its attempt takes too long", async () => {
    const node = book((ctx) => ctx.transaction(() => new Promise(() => {})));
    const { engine, storage } = await setUp(node);
    await using _ = engine;
    const running = engine.run(flow("b", { b: { type: "book", attemptTimeoutMs: 1_000, retry: { maxAttempts: 1 } } }));
    await engine.advance("10s");
    expect(await running).toMatchObject({ status: "failed", error: { code: "attempt_timed_out" } });
    expect(storage.written).toEqual([]);
  });
});

describe("a cancel that comes while the storage commits", () => {
  it("does not hide what was committed", async () => {
    const node = book((ctx) => ctx.transaction((tx) => insert(tx).then(() => "booked")));
    const { engine, storage } = await setUp(node);
    await using _ = engine;
    const handle = await engine.execute(flow("b>c", { b: { type: "book" } }));
    storage.beforeCommit = () => handle.cancel();
    await engine.advance("10s");
    const result = await handle.result();
    expect(result).toMatchObject({ status: "cancelled", nodes: { b: { status: "completed", output: "booked" } } });
    expect(storage.written).toHaveLength(1);
    expect((await engine.getNodeExecutions(handle.id)).find(({ path }) => path === "b")?.status).toBe("completed");
  });
});

describe("ctx.transaction is refused", () => {
  it("to a node that is not transactional, and to verify", async () => {
    const idempotent = scriptedNode({ type: "book", script: [(ctx) => ctx.transaction((tx) => insert(tx))] });
    const { engine, storage } = await setUp(idempotent);
    await using _ = engine;
    const result = await engine.run(BOOK);
    expect(result).toMatchObject({ status: "failed", error: { code: "transaction_misused" } });
    expect(result.error?.message).toContain("book");
    expect(storage.written).toEqual([]);
  });

  it("by a storage without transactions, when only the run made the node transactional", async () => {
    await using engine = await testEngine({ nodes: [query()] });
    expect(await engine.run(asking({ connection: "{{ input }}" }), { input: "engine" })).toMatchObject({
      status: "failed",
      error: { code: "capability_missing" },
    });
  });
});

/** A node type that is transactional on the engine's own connection only, as `database_query` is. */
const query = (effects?: (parameters: Readonly<Record<string, unknown>>) => Effects) =>
  defineNode({
    type: "query",
    bodies: ["body"],
    parameters: z.object({
      connection: z.string().default("engine"),
      values: z.unknown().optional(),
      body: z.unknown().optional(),
    }),
    effects: effects ?? ((parameters) => (parameters["connection"] === "engine" ? "transactional" : "idempotent")),
    execute: (ctx) => ctx.transaction((tx) => insert(tx)),
  });

const asking = (data: Readonly<Record<string, unknown>>) => flow("q", { q: { type: "query", data } });

describe("a storage without transactions refuses the start", () => {
  const started = async (data: Readonly<Record<string, unknown>>, effects?: Parameters<typeof query>[0]) => {
    await using engine = await testEngine({ nodes: [...BASIC_NODES, query(effects)] });
    const failure = await engine.execute(asking(data)).then(
      () => undefined,
      (error: unknown) => error,
    );
    return failure === undefined ? "started" : (failure as { name: string; code: string });
  };
  const refused = { name: "ConfigurationError", code: "capability_missing" };

  it.each([
    ["is static", { connection: "engine" }],
    ["is the schema's default", {}],
    ["is static beside expressions that do not matter", { connection: "engine", values: ["{{ input.id }}"] }],
    ["is in a body", { connection: "other", body: asking({ connection: "engine" }) }],
  ])("when what makes the node transactional %s", async (_, data) => {
    expect(await started(data)).toMatchObject(refused);
  });

  it.each([
    ["another connection", { connection: "shop" }],
    ["a connection that the run names", { connection: "{{ input.connection }}" }],
    ["a default beside expressions, which only the run fills in", { values: "{{ input }}" }],
  ])("not for %s", async (_, data) => {
    expect(await started(data)).toBe("started");
  });

  it("not when the effects cannot be told", async () => {
    const throwing = (_: Readonly<Record<string, unknown>>): Effects => {
      throw new Error("no effects today");
    };
    expect(await started({ connection: "engine" }, throwing)).toBe("started");
    const counting: typeof throwing = (parameters) => (Object.keys(parameters).length > 0 ? "transactional" : "pure");
    expect(await started({ connection: "{{ input }}" }, counting)).toBe("started");
    expect(await started({}, () => null as never)).toBe("started");
  });

  it("not on a storage that has them", async () => {
    const storage = transactionalStorage(memoryStorage());
    await using engine = await testEngine({ nodes: [query()], storage });
    expect(await engine.run(asking({ connection: "engine" }))).toMatchObject({ status: "completed" });
    expect(storage.written).toHaveLength(1);
  });
});

describe("a worker that is lost", () => {
  /** The first worker hears nothing any more from that point on; a second one opens the same store. */
  async function lives(death: "beforeCommit" | "afterCommit") {
    const clock = testClock();
    const memory = memoryStorage({ clock });
    const dying = transactionalStorage(memory);
    dying[death] = () => new Promise(() => {});
    const node = book((ctx) => ctx.transaction((tx) => insert(tx, node.calls.length).then(() => node.calls.length)));
    const nodes = [...BASIC_NODES, node];
    const first = await testEngine({ nodes, storage: dying, ids: sequentialIds("one") });
    const handle = await first.execute(flow("a>b b>c", { b: { type: "book" }, c: { type: "pass" } }));
    await first.runUntilIdle();
    await clock.advance("1m");
    const storage = transactionalStorage(memory);
    const engine = await testEngine({ nodes, storage, ids: sequentialIds("two") });
    await engine.runUntilIdle();
    const written = [...dying.written, ...storage.written].map(({ parameters }) => parameters[0]);
    return { engine, node, written, record: await engine.getExecution(handle.id) };
  }

  it("before the commit leaves nothing: the node runs again, the same attempt", async () => {
    const { engine, node, written, record } = await lives("beforeCommit");
    await using _ = engine;
    expect(record).toMatchObject({ status: "completed", output: 2 });
    expect(node.calls.map(({ attempt }) => attempt)).toEqual([1, 1]);
    expect(written).toEqual([2]);
  });

  it("after the commit leaves both: the node never runs again", async () => {
    const { engine, node, written, record } = await lives("afterCommit");
    await using _ = engine;
    expect(record).toMatchObject({ status: "completed", output: 1 });
    expect(node.calls).toHaveLength(1);
    expect(written).toEqual([1]);
  });
});

describe("a commit with a transaction of which the answer is lost", () => {
  const transactionOf = (fault: "fail_before" | "fail_after") => {
    let isDone = false;
    const inner = transactionalStorage(memoryStorage());
    const storage = faultyStorage(inner, {
      commits: (_number, batch) => {
        if (isDone || batch[0]?.transaction === undefined) return undefined;
        isDone = true;
        return fault;
      },
    });
    return { inner, storage };
  };

  it("is sent again, and acknowledged when it was written", async () => {
    const { inner, storage } = transactionOf("fail_after");
    const node = book((ctx) => ctx.transaction((tx) => insert(tx).then(() => 1)));
    await using engine = await testEngine({ nodes: [node], storage });
    const running = engine.run(BOOK);
    await engine.advance("1m");
    expect(await running).toMatchObject({ status: "completed", output: 1, nodes: { b: { attempts: 1 } } });
    expect([node.calls.length, inner.written.length]).toEqual([1, 1]);
  });

  it("runs when it is sent again and the storage had not begun it", async () => {
    const { inner, storage } = transactionOf("fail_before");
    const node = book((ctx) => ctx.transaction((tx) => insert(tx).then(() => 1)));
    await using engine = await testEngine({ nodes: [node], storage });
    const running = engine.run(BOOK);
    await engine.advance("1m");
    expect(await running).toMatchObject({ status: "completed", nodes: { b: { attempts: 1 } } });
    expect([node.calls.length, inner.written.length]).toEqual([1, 1]);
  });

  it("fails the attempt in a way that may pass when it was begun and not written", async () => {
    const storage = transactionalStorage(memoryStorage());
    const node = book((ctx) => ctx.transaction((tx) => insert(tx).then(() => node.calls.length)));
    const { engine } = await setUp(node, { storage });
    await using _ = engine;
    storage.beforeCommit = () => {
      throw new StorageError("storage_unavailable", "The connection was lost.");
    };
    const running = engine.run(BOOK);
    await engine.advance("1m");
    expect(await running).toMatchObject({ status: "completed", output: 2, nodes: { b: { attempts: 2 } } });
    expect(storage.written).toHaveLength(1);
  });
});
