import { defineNode, FatalNodeError, parseDuration, z } from "@automatrix/core";
import { parseInstant } from "../../json/instant.js";

/** Waits, for milliseconds or for months; the input passes through. */
export const delay = defineNode({
  type: "delay",
  label: "Delay",
  description: "Waits for a duration or until an instant, without holding memory or a slot; the input passes through.",
  category: "flow",
  // How long `until` is away depends on the clock.
  effects: (parameters) => (parameters.until === undefined ? "pure" : "idempotent"),
  parameters: () =>
    z
      .object({
        durationMs: z
          .number()
          .min(0)
          .max(Number.MAX_SAFE_INTEGER)
          .optional()
          .describe("How long to wait, in milliseconds."),
        duration: z
          .union([z.string(), z.number()])
          .refine(
            isDuration,
            'Give milliseconds, or numbers with the units ms, s, m, h, d, w, such as "90s" or "1h30m".',
          )
          .optional()
          .describe('How long to wait, such as "90s", "1h30m" or "3d"; a number is milliseconds.'),
        until: z
          .union([z.string(), z.number()])
          .optional()
          .describe(
            "Instant to wait for: ISO 8601 with a zone (2026-01-31T09:00:00Z), or milliseconds since the epoch. One in the past does not wait.",
          ),
      })
      .refine(
        (given) => [given.durationMs, given.duration, given.until].filter((value) => value !== undefined).length === 1,
        "Give one of durationMs, duration and until.",
      ),
  example: { parameters: { duration: "10ms" }, input: { lead: 7 }, output: { lead: 7 } },
  execute({ parameters, clock, wait }) {
    const { durationMs, duration, until } = parameters;
    if (until !== undefined) return wait.delay(toInstant(until) - clock.now());
    return wait.delay(durationMs ?? parseDuration(duration as string | number));
  },
  resume: (ctx) => ctx.input,
});

function isDuration(duration: string | number): boolean {
  try {
    parseDuration(duration);
    return true;
  } catch {
    return false;
  }
}

function toInstant(until: string | number): number {
  const at = typeof until === "number" ? until : parseInstant(until);
  if (at !== undefined && Number.isFinite(at)) return at;
  throw new FatalNodeError(
    `${JSON.stringify(until).slice(0, 100)} is not an instant; give ISO 8601 with a zone, such as 2026-01-31T09:00:00Z, or milliseconds since the epoch.`,
    {
      code: "invalid_input",
    },
  );
}
