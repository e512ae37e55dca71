import { describe, expect, it } from "vitest";
import { createEngine, defineNode, type EventAnnouncement, type EventBus, type Logger } from "../src/index.js";
import { memoryStorage } from "../src/memory/index.js";
import { silentLogger, testClock } from "../src/testing/index.js";
import { flow } from "./support/workflow.js";

const echo = defineNode({ type: "echo", execute: (ctx) => ctx.input });
const hold = defineNode({ type: "hold", execute: (ctx) => ctx.wait.signal("go") });

/** A bus that notes what is published, and says what it is told to. */
class NotingBus implements EventBus {
  readonly name = "noting";
  readonly published: EventAnnouncement[] = [];
  say: (announcements: readonly EventAnnouncement[]) => void = () => {};
  isAway = false;
  isClosed = false;

  async publish(announcements: readonly EventAnnouncement[]): Promise<void> {
    if (this.isAway) throw new Error("The bus is away.");
    this.published.push(...announcements);
  }

  async subscribe(hear: (announcements: readonly EventAnnouncement[]) => void): Promise<void> {
    this.say = hear;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function engineOn(eventBus: EventBus, logger: Logger = silentLogger) {
  return createEngine({ storage: memoryStorage(), nodes: [echo, hold], clock: testClock(), logger, eventBus });
}

describe("an engine with an event bus", () => {
  it("announces how far each journal reaches, and the end", async () => {
    const bus = new NotingBus();
    const engine = engineOn(bus);
    await engine.start();
    const handle = await engine.execute(flow("a>b", { a: { type: "echo" }, b: { type: "echo" } }));
    await handle.result();
    const journal = await engine.getJournal(handle.id);
    await engine.close();
    expect(bus.published.at(-1)).toEqual({ executionId: handle.id, lastSeq: journal.length, hasEnded: true });
    expect(bus.published.map(({ lastSeq }) => lastSeq)).toEqual(
      [...bus.published.map(({ lastSeq }) => lastSeq)].sort((a, b) => a - b),
    );
    expect(bus.isClosed).toBe(true);
  });

  it("takes announcements of what it does not know, and of what it runs", async () => {
    const bus = new NotingBus();
    await using engine = engineOn(bus);
    await engine.start();
    const handle = await engine.execute(flow("a", { a: { type: "hold" } }));
    for (const executionId of ["unknown", handle.id])
      for (const lastSeq of [0, 1, 1_000]) bus.say([{ executionId, lastSeq, hasEnded: lastSeq === 1_000 }]);
    await engine.signal(handle.id, "go", 1);
    expect((await handle.result()).output).toBe(1);
  });

  it("goes on without the bus, with one line in the log until it is back", async () => {
    const lines: string[] = [];
    const note = (message: string) => void lines.push(message);
    const bus = new NotingBus();
    const engine = engineOn(bus, { debug: note, info: note, warn: note, error: note });
    await engine.start();
    bus.isAway = true;
    for (let count = 0; count < 3; count++)
      expect((await engine.run(flow("a", { a: { type: "echo" } }))).status).toBe("completed");
    await new Promise((resolve) => setImmediate(resolve));
    bus.isAway = false;
    await engine.run(flow("a", { a: { type: "echo" } }));
    await engine.close();
    expect(lines).toEqual([expect.stringContaining("does not answer"), expect.stringContaining("answers again")]);
  });
});
