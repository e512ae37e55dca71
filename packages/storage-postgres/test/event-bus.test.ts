import { createEngine, defineNode, type EventAnnouncement, type EventBus } from "@automatrix/core";
import { silentLogger } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { postgresEventBus, postgresStorage } from "../src/index.js";
import { describePostgres } from "./support/postgres.js";
import { startVanishingServer } from "./support/vanishing-server.js";

/** What the port promises. */
const LONGEST_CLOSE_MS = 2_000;

const announce = (executionId: string, lastSeq = 1, hasEnded = false) => ({ executionId, lastSeq, hasEnded });

function listen(bus: EventBus): { readonly heard: EventAnnouncement[]; readonly ready: Promise<void> } {
  const heard: EventAnnouncement[] = [];
  return { heard, ready: bus.subscribe((announcements) => void heard.push(...announcements)) };
}

describePostgres("the Postgres event bus", (database) => {
  const open = async (schema = "automatrix") => {
    await database.created;
    return postgresEventBus({ connectionString: database.connectionString, schema });
  };

  it("tells others what was published, and not whoever published it", async () => {
    const [one, two] = [await open(), await open()];
    const [first, second] = [listen(one), listen(two)];
    await Promise.all([first.ready, second.ready]);
    await one.publish([announce("a", 3), announce("b", 9, true)]);
    await two.publish([announce("c", 0)]);
    await expect.poll(() => [second.heard.length, first.heard.length]).toEqual([2, 1]);
    expect(first.heard).toEqual([announce("c", 0)]);
    expect(second.heard).toEqual([announce("a", 3), announce("b", 9, true)]);
    await one.close();
    await two.close();
  });

  it("carries thousands, and ids of any kind that fit", async () => {
    const [one, two] = [await open(), await open()];
    const { heard, ready } = listen(two);
    await ready;
    const ids = ["it's", '"quoted"', "naïve ☃", "\u0001", "x".repeat(3_000), "\u0000", "y".repeat(9_000)];
    const many = Array.from({ length: 3_000 }, (_, index) => `execution-${index}`);
    await one.publish([...ids, ...many].map((id) => announce(id)));
    await expect.poll(() => heard.length).toBe(3_005);
    expect(heard.slice(0, 5).map(({ executionId }) => executionId)).toEqual(ids.slice(0, 5));
    await one.close();
    await two.close();
  });

  it("keeps schemas apart, and hears nothing of what others notify", async () => {
    const [one, two] = [await open("here"), await open("elsewhere")];
    const { heard, ready } = listen(two);
    await ready;
    await one.publish([announce("foreign")]);
    for (const payload of ["no json", "null", '{"items":7}', '{"items":[7,[1,2],["a","b"]]}'])
      await database.query("SELECT pg_notify('elsewhere_events', $1)", [payload]);
    await database.query("SELECT pg_notify('elsewhere_events', $1)", ['{"items":[["own",4,1]]}']);
    await expect.poll(() => heard.length).toBe(1);
    expect(heard).toEqual([announce("own", 4, true)]);
    await one.close();
    await two.close();
  });

  it("hears again after its connection was cut", async () => {
    const [listener, speaker] = [await open(), await open()];
    const { heard, ready } = listen(listener);
    await ready;
    expect(listener.health?.()).toEqual({ status: "up" });
    await database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'automatrix events' AND datname = $1",
      [database.name],
    );
    await expect
      .poll(
        async () => {
          await speaker.publish([announce("again")]).catch(() => {});
          return heard.length > 0;
        },
        { timeout: 10_000 },
      )
      .toBe(true);
    expect(listener.health?.()).toEqual({ status: "up" });
    await listener.close();
    expect(listener.health?.()).toEqual({ status: "degraded", message: "it is closed" });
    await speaker.close();
  });

  it.each(["connected", "connecting"])("closes in time when the server vanishes while it is %s", async (state) => {
    await database.created;
    await using server = await startVanishingServer(database.connectionString);
    const bus = postgresEventBus({ connectionString: server.connectionString });
    if (state === "connecting") server.vanish();
    const { ready } = listen(bus);
    if (state === "connected") await ready;
    server.vanish();
    const published = expect(bus.publish([announce("a")])).rejects.toMatchObject({ code: "storage_unavailable" });
    const startedAt = performance.now();
    await bus.close();
    expect(performance.now() - startedAt).toBeLessThan(LONGEST_CLOSE_MS);
    await ready;
    await published;
  });

  it("notices that its connection has fallen silent, and hears again on another one", { timeout: 40_000 }, async () => {
    await using way = await startVanishingServer(database.connectionString);
    const listener = postgresEventBus({ connectionString: way.connectionString });
    const speaker = await open();
    const { heard, ready } = listen(listener);
    await ready;
    way.vanish();
    await expect.poll(() => listener.health?.().status, { timeout: 15_000 }).toBe("degraded");
    way.comeBack();
    await expect
      .poll(
        async () => {
          await speaker.publish([announce("again")]);
          return heard.length > 0;
        },
        { timeout: 15_000 },
      )
      .toBe(true);
    expect(listener.health?.()).toEqual({ status: "up" });
    await Promise.all([listener.close(), speaker.close()]);
  });

  it("lets a worker hear at once of what another process queued and signalled, and that one of the end", async () => {
    await database.created;
    const { connectionString } = database;
    const node = defineNode({ type: "ask", execute: (ctx) => ctx.wait.signal("go") });
    const start = async (executions: number) => {
      const engine = createEngine({
        storage: postgresStorage({ connectionString, schema: "engines" }),
        eventBus: postgresEventBus({ connectionString, schema: "engines" }),
        nodes: [node],
        concurrency: { executions },
        // Sweeps come too late for this test.
        lease: { durationMs: 600_000, heartbeatMs: 200_000, sweepMs: 120_000 },
        logger: silentLogger,
      });
      await engine.start();
      return engine;
    };
    await using front = await start(0);
    await using _worker = await start(10);
    const handle = await front.execute({ nodes: [{ id: "a", type: "ask" }] });
    await expect.poll(async () => (await front.getExecution(handle.id)).status).toBe("waiting");
    const result = handle.result();
    await front.signal(handle.id, "go", { data: 7 });
    expect((await result).status).toBe("completed");
  });
});

describe("a Postgres event bus without Postgres", () => {
  it("subscribes and closes, and rejects what is published", async () => {
    const bus = postgresEventBus({ connectionString: "postgres://nobody@127.0.0.1:1/none" });
    await bus.subscribe(() => {});
    await expect(bus.publish([announce("a")])).rejects.toMatchObject({ code: "storage_unavailable" });
    expect(bus.health?.()).toEqual({ status: "degraded", message: "Postgres cannot be reached" });
    await bus.close();
    await bus.close();
  });
});
