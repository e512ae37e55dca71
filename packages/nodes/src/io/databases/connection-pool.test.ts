import { describe, expect, it } from "vitest";
import { ConnectionPool, type PooledConnection } from "./connection-pool.js";
import { ConnectionPools } from "./connection-pools.js";
import { createDeferred } from "./deferred.js";

class FakeConnection implements PooledConnection {
  isUsable = true;
  isClosed = false;
  isReferenced = true;
  recycleError: Error | undefined;

  setReferenced(isReferenced: boolean): void {
    this.isReferenced = isReferenced;
  }
  async recycle(): Promise<void> {
    if (this.recycleError !== undefined) throw this.recycleError;
  }
  close(): void {
    this.isUsable = false;
    this.isClosed = true;
  }
}

const never = new AbortController().signal;

function makePool(
  more: {
    readonly maxConnections?: number;
    readonly waitMs?: number;
    readonly open?: () => Promise<FakeConnection>;
  } = {},
) {
  const opened: FakeConnection[] = [];
  const pool = new ConnectionPool<FakeConnection>({
    name: "db",
    maxConnections: 2,
    idleMs: 60_000,
    waitMs: 60_000,
    open: async () => {
      const connection = new FakeConnection();
      opened.push(connection);
      return connection;
    },
    ...more,
  });
  return { pool, opened };
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

describe("ConnectionPool", () => {
  it("opens no more than it may, and serves the others in order", async () => {
    const { pool, opened } = makePool();
    const gates = Array.from({ length: 5 }, () => createDeferred<void>());
    const served: number[] = [];
    const uses = gates.map((gate, index) =>
      pool.use(never, async () => {
        served.push(index);
        await gate.promise;
      }),
    );
    await turns();
    expect(served).toEqual([0, 1]);
    for (const [index, gate] of gates.entries()) {
      gate.resolve();
      await uses[index];
      await turns();
    }
    expect(served).toEqual([0, 1, 2, 3, 4]);
    expect(opened).toHaveLength(2);
    expect(pool.isIdle).toBe(true);
    expect(opened.every(({ isReferenced }) => !isReferenced)).toBe(true);
    pool.close();
    expect(opened.every(({ isClosed }) => isClosed)).toBe(true);
  });

  it("replaces a connection that is lost or cannot be put back, and gives its place to whoever waits", async () => {
    const { pool, opened } = makePool({ maxConnections: 1 });
    await pool.use(never, async (connection) => connection.close());
    const second = pool.use(never, async (connection) => {
      connection.recycleError = new Error("in a transaction");
      await turns();
    });
    const third = pool.use(never, async () => "third");
    await second;
    expect(await third).toBe("third");
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([true, true, false]);
    pool.close();
  });

  it("frees the place of a connection that cannot be opened", async () => {
    let isDown = true;
    const { pool } = makePool({
      maxConnections: 1,
      open: async () => {
        await turns();
        if (isDown) throw new Error("down");
        return new FakeConnection();
      },
    });
    const first = pool.use(never, async () => "first");
    const second = pool.use(never, async () => "second");
    await expect(first).rejects.toThrow("down");
    isDown = false;
    expect(await second).toBe("second");
    pool.close();
  });

  it("lets nobody wait for ever, nor after an abort", async () => {
    const { pool } = makePool({ maxConnections: 1, waitMs: 20 });
    const gate = createDeferred<void>();
    const busy = pool.use(never, () => gate.promise);
    await turns();
    await expect(pool.use(never, async () => {})).rejects.toMatchObject({ code: "service_unavailable" });
    const controller = new AbortController();
    const waiting = pool.use(controller.signal, async () => {});
    controller.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
    gate.resolve();
    await busy;
    expect(await pool.use(never, async () => "served")).toBe("served");
    pool.close();
  });
});

describe("ConnectionPools", () => {
  it("closes the pool that was not used for longest, and none that is busy", async () => {
    const pools = new ConnectionPools<FakeConnection>(2);
    const opened: FakeConnection[] = [];
    const get = (key: string) =>
      pools.get(key, {
        name: key,
        maxConnections: 1,
        idleMs: 60_000,
        waitMs: 60_000,
        open: async () => {
          const connection = new FakeConnection();
          opened.push(connection);
          return connection;
        },
      });
    const gate = createDeferred<void>();
    const busy = get("a").use(never, () => gate.promise);
    await get("b").use(never, async () => {});
    await turns();
    get("c");
    expect(opened.map(({ isClosed }) => isClosed)).toEqual([false, true]);
    const held = get("c").use(never, () => gate.promise);
    await turns();
    expect(() => get("d")).toThrow(/busy/);
    gate.resolve();
    await Promise.all([busy, held]);
  });
});
