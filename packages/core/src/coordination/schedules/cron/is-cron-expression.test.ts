import { describe, expect, it } from "vitest";
import { isCronExpression } from "./is-cron-expression.js";

describe("isCronExpression", () => {
  it.each(["* * * * *", "0 9 * * 1-5", "*/10 * * * * *", "@daily", "0 0 29 2 *"])("says yes to %j", (text) => {
    expect(isCronExpression(text)).toBe(true);
  });

  it.each(["", "every day", "* * * *", "61 * * * *", "0 0 30 2 *", "@reboot", "{{ input }}", "* ".repeat(10_000)])(
    "says no to %j",
    (text) => {
      expect(isCronExpression(text)).toBe(false);
    },
  );

  it("looks at the zone too", () => {
    expect(isCronExpression("@daily", "Europe/Berlin")).toBe(true);
    expect(isCronExpression("@daily", "Europe/Atlantis")).toBe(false);
    expect(isCronExpression("@daily", "")).toBe(false);
  });
});
