import { describe, expect, it } from "vitest";
import { AutomatrixError } from "../errors/errors.js";
import { parseDuration } from "./parse-duration.js";

describe("parseDuration", () => {
  it.each([
    ["500ms", 500],
    ["90s", 90_000],
    ["15m", 900_000],
    ["1h30m", 5_400_000],
    ["1h 30m", 5_400_000],
    ["3d", 259_200_000],
    ["2w", 1_209_600_000],
    ["1.5s", 1_500],
    [" 1s ", 1_000],
    ["250", 250],
    [250, 250],
    [0, 0],
  ])("reads %j as %d ms", (duration, durationMs) => {
    expect(parseDuration(duration)).toBe(durationMs);
  });

  it.each([
    "",
    "x",
    "3 days",
    "-1s",
    "1s!",
    "s",
    "1e9s",
    "9".repeat(400),
    `${"1s".repeat(10_000)}x`,
    "99999999999999w",
  ])("refuses %j and names what it accepts", (duration) => {
    const attempt = () => parseDuration(duration);
    expect(attempt).toThrow(/ms, s, m, h, d, w/);
    expect(attempt).toThrow(expect.objectContaining({ code: "invalid_input" }));
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])("refuses the number %d", (duration) => {
    expect(() => parseDuration(duration)).toThrow(/not a duration/);
  });

  it("throws an AutoMatrix error for values that are no text and no number", () => {
    const thrown = catchError(() => parseDuration({} as string));
    expect(AutomatrixError.is(thrown)).toBe(true);
  });
});

function catchError(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}
