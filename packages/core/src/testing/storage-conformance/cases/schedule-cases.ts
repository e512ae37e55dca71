import assert from "node:assert/strict";
import type { FireRecord, ScheduleRecord } from "../../../ports/schedule-record.js";
import type { Storage } from "../../../ports/storage.js";
import type { CaseGroup } from "../conformance-case.js";

function schedule(id: string, parts: Partial<ScheduleRecord> = {}): ScheduleRecord {
  return {
    id,
    workflowId: "w",
    cron: "*/5 * * * *",
    timeZone: "Europe/Lisbon",
    trigger: "each_morning",
    input: { n: [1, null, "ü"] },
    overlap: "skip",
    missed: "latest",
    maxMissed: 10,
    jitterMs: 0,
    startAt: null,
    endAt: null,
    isPaused: false,
    tenant: null,
    nextFireAt: 5_000,
    nextDueAt: 5_000,
    revision: 1,
    createdAt: 1_000,
    updatedAt: 1_000,
    ...parts,
  };
}

function fire(fireAt: number, parts: Partial<FireRecord> = {}): FireRecord {
  return {
    scheduleId: "s1",
    fireAt,
    kind: "cron",
    status: "pending",
    executionId: null,
    reason: null,
    at: 1,
    ...parts,
  };
}

async function take(storage: Storage, revision: number, fires: readonly FireRecord[], nextFireAt = 9_000) {
  return storage.takeFires({ scheduleId: "s1", revision, fires, nextFireAt, nextDueAt: nextFireAt + 50 });
}

async function slotsOf(storage: Storage, filter: Partial<Parameters<Storage["listFires"]>[0]> = {}) {
  return (await storage.listFires({ limit: 100, ...filter })).map(({ fireAt }) => fireAt);
}

export const scheduleCases: CaseGroup = {
  group: "schedules",
  cases: [
    {
      name: "gives a schedule back as it was written",
      check: async ({ storage }) => {
        const written = schedule("s1", {
          tenant: "t",
          startAt: 1,
          endAt: 2,
          jitterMs: 5,
          nextFireAt: null,
          nextDueAt: null,
        });
        assert.equal(await storage.putSchedule(written, null), true);
        assert.deepEqual(await storage.getSchedule("s1"), written);
        assert.equal(await storage.getSchedule("none"), undefined);
      },
    },
    {
      name: "creates no schedule whose id is taken",
      check: async ({ storage }) => {
        assert.equal(await storage.putSchedule(schedule("s1"), null), true);
        assert.equal(await storage.putSchedule(schedule("s1", { cron: "0 0 * * *" }), null), false);
        assert.equal((await storage.getSchedule("s1"))?.cron, "*/5 * * * *");
      },
    },
    {
      name: "replaces a schedule only at the revision that the writer knows",
      check: async ({ storage }) => {
        await storage.putSchedule(schedule("s1"), null);
        const next = schedule("s1", { isPaused: true, revision: 2, updatedAt: 2_000 });
        assert.equal(await storage.putSchedule(next, 1), true);
        assert.equal(await storage.putSchedule(schedule("s1", { revision: 2 }), 1), false);
        assert.deepEqual(await storage.getSchedule("s1"), next);
        assert.equal(await storage.putSchedule(schedule("none", { revision: 2 }), 1), false);
        assert.equal(await storage.getSchedule("none"), undefined);
      },
    },
    {
      name: "lets one of many writers at once win",
      check: async ({ storage }) => {
        await storage.putSchedule(schedule("s1"), null);
        const won = await Promise.all(
          Array.from({ length: 10 }, (_, index) =>
            storage.putSchedule(schedule("s1", { revision: 2, maxMissed: index }), 1),
          ),
        );
        assert.equal(won.filter(Boolean).length, 1);
        assert.equal((await storage.getSchedule("s1"))?.maxMissed, won.indexOf(true));
      },
    },
    {
      name: "lists schedules, the oldest first, by pages and by what they belong to",
      check: async ({ storage }) => {
        for (let index = 0; index < 5; index++)
          await storage.putSchedule(
            schedule(`s${index}`, {
              createdAt: 1_000 + index,
              workflowId: index % 2 === 0 ? "even" : "odd",
              tenant: index < 2 ? "t" : null,
            }),
            null,
          );
        const ids = async (filter: Parameters<Storage["listSchedules"]>[0]) =>
          (await storage.listSchedules(filter)).items.map(({ id }) => id);
        assert.deepEqual(await ids({}), ["s0", "s1", "s2", "s3", "s4"]);
        assert.deepEqual(await ids({ workflowId: "even" }), ["s0", "s2", "s4"]);
        assert.deepEqual(await ids({ tenant: "t" }), ["s0", "s1"]);
        const first = await storage.listSchedules({ limit: 3 });
        assert.equal(first.items.length, 3);
        assert.deepEqual(await ids({ limit: 3, cursor: first.nextCursor as string }), ["s3", "s4"]);
      },
    },
    {
      name: "removes a schedule with its fires",
      check: async ({ storage }) => {
        await storage.putSchedule(schedule("s1"), null);
        await take(storage, 1, [fire(5_000)]);
        assert.equal(await storage.deleteSchedule("s1"), true);
        assert.equal(await storage.deleteSchedule("s1"), false);
        assert.equal(await storage.getSchedule("s1"), undefined);
        assert.deepEqual(await slotsOf(storage), []);
      },
    },
    {
      name: "lists what is due, the most overdue first",
      check: async ({ storage }) => {
        const dueAts: Readonly<Record<string, number | null>> = { a: 3_000, b: 1_000, c: 2_000, d: 9_000, e: null };
        for (const [id, nextDueAt] of Object.entries(dueAts))
          await storage.putSchedule(schedule(id, { nextDueAt }), null);
        await storage.putSchedule(schedule("paused", { nextDueAt: 500, isPaused: true }), null);
        const due = async (at: number, limit: number) =>
          (await storage.listDueSchedules({ at, limit })).map(({ id }) => id);
        assert.deepEqual(await due(3_000, 10), ["b", "c", "a"]);
        assert.deepEqual(await due(3_000, 2), ["b", "c"]);
        assert.deepEqual(await due(999, 10), []);
      },
    },
    {
      name: "tells when the next one is due, paused ones aside",
      check: async ({ storage }) => {
        assert.equal(await storage.nextScheduleDueAt(), null);
        await storage.putSchedule(schedule("a", { nextDueAt: null }), null);
        await storage.putSchedule(schedule("b", { nextDueAt: 10, isPaused: true }), null);
        assert.equal(await storage.nextScheduleDueAt(), null);
        await storage.putSchedule(schedule("c", { nextDueAt: 30 }), null);
        await storage.putSchedule(schedule("d", { nextDueAt: 20 }), null);
        assert.equal(await storage.nextScheduleDueAt(), 20);
      },
    },
  ],
};

export const fireCases: CaseGroup = {
  group: "fires of schedules",
  cases: [
    {
      name: "takes slots and moves the schedule on",
      check: async ({ storage }) => {
        await storage.putSchedule(schedule("s1"), null);
        const fires = [fire(4_000, { status: "skipped", reason: "missed" }), fire(5_000)];
        assert.equal(await take(storage, 1, fires), true);
        const moved = await storage.getSchedule("s1");
        assert.deepEqual([moved?.nextFireAt, moved?.nextDueAt, moved?.revision], [9_000, 9_050, 2]);
        assert.deepEqual(await storage.listFires({ scheduleId: "s1", limit: 10 }), [...fires].reverse());
      },
    },
    {
      name: "takes nothing at another revision, or of a schedule that is not there",
      check: async ({ storage }) => {
        assert.equal(await take(storage, 1, [fire(5_000)]), false);
        await storage.putSchedule(schedule("s1"), null);
        assert.equal(await take(storage, 7, [fire(5_000)]), false);
        assert.deepEqual(await storage.getSchedule("s1"), schedule("s1"));
        assert.deepEqual(await slotsOf(storage), []);
      },
    },
    {
      name: "takes nothing when one of the slots is taken",
      check: async ({ storage }) => {
        await storage.putSchedule(schedule("s1"), null);
        assert.equal(await take(storage, 1, [fire(5_000)]), true);
        assert.equal(await take(storage, 2, [fire(6_000), fire(5_000)], 10_000), false);
        assert.deepEqual(await slotsOf(storage), [5_000]);
        const unmoved = await storage.getSchedule("s1");
        assert.deepEqual([unmoved?.nextFireAt, unmoved?.revision], [9_000, 2]);
      },
    },
    {
      name: "lets one of many processes at once take a slot",
      check: async ({ storage }) => {
        await storage.putSchedule(schedule("s1"), null);
        const won = await Promise.all(Array.from({ length: 10 }, () => take(storage, 1, [fire(5_000)])));
        assert.equal(won.filter(Boolean).length, 1);
        assert.deepEqual(await slotsOf(storage), [5_000]);
        assert.equal((await storage.getSchedule("s1"))?.revision, 2);
      },
    },
    {
      name: "moves a schedule on without a slot",
      check: async ({ storage }) => {
        await storage.putSchedule(schedule("s1"), null);
        const end = { scheduleId: "s1", revision: 1, fires: [], nextFireAt: null, nextDueAt: null };
        assert.equal(await storage.takeFires(end), true);
        const moved = await storage.getSchedule("s1");
        assert.deepEqual([moved?.nextFireAt, moved?.nextDueAt, moved?.revision], [null, null, 2]);
      },
    },
    {
      name: "takes the same slot for each schedule",
      check: async ({ storage }) => {
        for (const id of ["s1", "s2"]) {
          await storage.putSchedule(schedule(id), null);
          const taken = { scheduleId: id, revision: 1, nextFireAt: 9_000, nextDueAt: 9_000 };
          assert.equal(await storage.takeFires({ ...taken, fires: [fire(5_000, { scheduleId: id })] }), true);
        }
        assert.equal((await storage.listFires({ limit: 10 })).length, 2);
      },
    },
    {
      name: "replaces a fire only while it has the status that the writer knows",
      check: async ({ storage }) => {
        await storage.putSchedule(schedule("s1"), null);
        await take(storage, 1, [fire(5_000)]);
        const started = fire(5_000, { status: "started", executionId: "e1", at: 2 });
        assert.equal(await storage.updateFire(started, "pending"), true);
        assert.equal(await storage.updateFire(fire(5_000, { status: "failed", reason: "no" }), "pending"), false);
        assert.deepEqual(await storage.listFires({ limit: 10 }), [started]);
        assert.equal(await storage.updateFire(fire(6_000), "pending"), false);
      },
    },
    {
      name: "lists fires, the newest first, by schedule, status and age",
      check: async ({ storage }) => {
        for (const id of ["s1", "s2"]) await storage.putSchedule(schedule(id), null);
        await take(storage, 1, [fire(1_000, { status: "started" }), fire(2_000, { status: "buffered" }), fire(3_000)]);
        await storage.takeFires({
          scheduleId: "s2",
          revision: 1,
          fires: [fire(2_500, { scheduleId: "s2", kind: "manual" })],
          nextFireAt: null,
          nextDueAt: null,
        });
        assert.deepEqual(await slotsOf(storage, { scheduleId: "s1" }), [3_000, 2_000, 1_000]);
        assert.deepEqual(await slotsOf(storage, { scheduleId: "s1", before: 3_000, limit: 1 }), [2_000]);
        assert.deepEqual(await slotsOf(storage, { status: "pending" }), [3_000, 2_500]);
        assert.deepEqual(await slotsOf(storage, { scheduleId: "s1", status: "buffered" }), [2_000]);
        assert.deepEqual(await slotsOf(storage, { scheduleId: "none" }), []);
      },
    },
  ],
};
