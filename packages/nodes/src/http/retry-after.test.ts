import { describe, expect, it } from "vitest";
import { parseRetryAfter } from "./retry-after.js";

describe("parseRetryAfter", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  it.each([
    [null, undefined],
    ["", undefined],
    ["7", 7_000],
    ["0.5", 500],
    ["99999999999", 604_800_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["soon", undefined],
    ["-1", undefined],
    ["1e9", undefined],
  ])("reads %j", (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected);
  });
});
