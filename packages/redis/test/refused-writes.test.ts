import { createEngine, type Dispatcher, defineNode } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { silentLogger } from "@automatrix/core/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { bullmqDispatcher } from "../src/index.js";
import { canStartServer, type OwnServer, startOwnServer } from "./support/own-server.js";

const JOB = { executionId: "one", priority: 0 };
const idle = { freePlaces: () => 10, take: async () => [] };
const FLOW = { nodes: [{ id: "only", type: "no_operation" }] };
const noOperation = defineNode({ type: "no_operation", effects: "pure", execute: () => null });

/** How a server that answers comes to take no writes, and how an operator mends that. */
const REFUSALS = [
  ["OOM", ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]],
  ["READONLY", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]],
  ["NOREPLICAS", ["CONFIG", "SET", "min-replicas-to-write", "1"], ["CONFIG", "SET", "min-replicas-to-write", "0"]],
  ["NOPERM", ["ACL", "SETUSER", "worker", "-@write"], ["ACL", "SETUSER", "worker", "+@all"]],
] as const;

describe.skipIf(!(await canStartServer()))("a Redis that answers but takes no writes", () => {
  let server: OwnServer;
  let url: string;
  beforeAll(async () => {
    server = await startOwnServer();
    url = server.url.replace("://", "://worker:secret@");
  });
  beforeEach(async () => {
    await server.admin.flushall();
    await server.admin.call("ACL", "SETUSER", "worker", "reset", "on", ">secret", "~*", "&*", "+@all");
  });
  afterAll(() => server.stop());

  const tell = ([command, ...args]: readonly string[]) => server.admin.call(command as string, ...args);
  const clients = async () =>
    String(await server.admin.call("CLIENT", "LIST"))
      .split("\n")
      .flatMap((line) => /^id=(\d+).*user=worker/.exec(line)?.[1] ?? []);
  const isUp = (dispatcher: Dispatcher) =>
    expect.poll(() => dispatcher.health(), { timeout: 5_000 }).toEqual({ status: "up" });

  it.each(REFUSALS)(
    "%s: the dispatcher says so until it takes writes again, on the same connection",
    async (code, refuse, mend) => {
      const dispatcher = bullmqDispatcher({ connection: url, onUnavailable: "refuse" });
      await dispatcher.start(idle);
      await dispatcher.dispatch([JOB]);
      expect(dispatcher.health()).toEqual({ status: "up" });
      const before = await clients();

      await tell(refuse);
      await expect(dispatcher.dispatch([JOB])).rejects.toMatchObject({
        code: "dispatcher_unavailable",
        message: `The dispatcher cannot be used: Redis refuses writes (${code}).`,
      });
      const seen = new Set<string>();
      const until = performance.now() + 2_500;
      while (performance.now() < until) {
        seen.add(JSON.stringify(dispatcher.health()));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      expect([...seen].map((one) => JSON.parse(one))).toEqual([
        { status: "down", message: `Redis refuses writes (${code})` },
      ]);

      await tell(mend);
      await isUp(dispatcher);
      await dispatcher.dispatch([JOB]);
      expect(await clients()).toEqual(expect.arrayContaining(before));
      await dispatcher.close();
    },
  );

  it("is noticed when the dispatcher starts, before anything was dispatched", async () => {
    await tell(REFUSALS[0][1]);
    const dispatcher = bullmqDispatcher({ connection: url, onUnavailable: "refuse" });
    await dispatcher.start(idle);
    expect(dispatcher.health().status).toBe("down");
    await tell(REFUSALS[0][2]);
    await isUp(dispatcher);
    await dispatcher.close();
  });

  it.each(["storage", "refuse"] as const)("does to starts what onUnavailable %s says", async (onUnavailable) => {
    const storage = memoryStorage();
    await using engine = createEngine({
      storage,
      nodes: [noOperation],
      dispatcher: bullmqDispatcher({ connection: url, onUnavailable }),
      lease: { sweepMs: 20 },
      logger: silentLogger,
    });
    await engine.start();
    await tell(REFUSALS[0][1]);
    // The one that finds out was written already: a sweep runs it.
    expect((await (await engine.execute(FLOW)).result()).status).toBe("completed");
    if (onUnavailable === "refuse") {
      await expect(engine.execute(FLOW)).rejects.toMatchObject({ code: "dispatcher_unavailable" });
      expect((await engine.listExecutions({})).items).toHaveLength(1);
    } else {
      expect((await (await engine.execute(FLOW)).result()).status).toBe("completed");
      expect(engine.health().status).toBe("degraded");
    }
    await tell(REFUSALS[0][2]);
    await expect
      .poll(
        () =>
          engine
            .execute(FLOW)
            .then((handle) => handle.result())
            .then(
              ({ status }) => status,
              () => "refused",
            ),
        { timeout: 5_000 },
      )
      .toBe("completed");
  });
});
