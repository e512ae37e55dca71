import { describe, expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { scheduleTrigger } from "./schedule-trigger.js";

const accepts = (parameters: object) => scheduleTrigger.parameterSchema?.safeParse(parameters).success;

describe("schedule_trigger", () => {
  it("passes the input of its slot on", async () => {
    expect(await runNode(scheduleTrigger, { parameters: { cron: "@daily" }, input: { a: 1 } })).toEqual({ a: 1 });
  });

  it("skips overlapping slots, catches the latest missed one up and is meant in UTC, unless told otherwise", () => {
    expect(scheduleTrigger.parameterSchema?.parse({ cron: "0 9 * * 1-5" })).toEqual({
      cron: "0 9 * * 1-5",
      timezone: "UTC",
      overlap: "skip",
      missed: "latest",
    });
  });

  it.each(["*/5 * * * * *", "@weekly", "0 0 29 2 *"])("takes %s", (cron) => {
    expect(accepts({ cron })).toBe(true);
  });

  it.each(["", "soon", "61 * * * *", "0 0 30 2 *"])("refuses %j", (cron) => {
    expect(accepts({ cron })).toBe(false);
  });

  it("refuses zones and policies that there are not", () => {
    expect(accepts({ cron: "@daily", timezone: "Europe/Berlin" })).toBe(true);
    expect(accepts({ cron: "@daily", timezone: "Mars/Olympus" })).toBe(false);
    expect(accepts({ cron: "@daily", overlap: "queue" })).toBe(false);
    expect(accepts({ cron: "@daily", missed: "some" })).toBe(false);
  });
});
