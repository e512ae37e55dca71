import { z } from "zod";
import { ConfigurationError } from "../../errors/errors.js";
import type { ScheduleRecord } from "../../ports/schedule-record.js";
import { toPayload } from "../starting/execute-options.js";
import type { Instant } from "./schedule.js";

const MAX_ID_LENGTH = 128;
const MAX_MISSED = 1_000;
const MAX_JITTER_MS = 86_400_000;
/** The end of the year 9999. */
const MAX_INSTANT = 253_402_300_799_999;

// Schemas are functions here: importing the engine builds none of them.

const id = () =>
  z
    .string()
    .regex(
      new RegExp(`^[^\\p{Cc}]{1,${MAX_ID_LENGTH}}$`, "u"),
      `must have 1–${MAX_ID_LENGTH} characters, none of them control characters`,
    );
const instant = () =>
  z.union([z.int().min(0).max(MAX_INSTANT), z.iso.datetime({ offset: true }), z.iso.date(), z.date()], {
    error: "must be milliseconds since the epoch, a Date, or ISO text with an offset such as 2026-01-31T09:00:00Z",
  });

const changes = () => ({
  workflowId: z.string().min(1).optional(),
  cron: z.string().optional(),
  timeZone: z.string().optional(),
  trigger: z.string().min(1).nullish(),
  input: z.unknown().optional(),
  overlap: z.enum(["allow", "skip", "buffer_one", "cancel_other"]).optional(),
  missed: z.enum(["skip", "latest", "all"]).optional(),
  maxMissed: z.int().min(1).max(MAX_MISSED).optional(),
  jitterMs: z.int().min(0).max(MAX_JITTER_MS).optional(),
  startAt: instant().nullish(),
  endAt: instant().nullish(),
  paused: z.boolean().optional(),
});
const changesSchema = () => z.strictObject(changes());
const optionsSchema = () =>
  z.strictObject({
    ...changes(),
    workflowId: z.string().min(1),
    cron: z.string(),
    id: id().optional(),
    tenant: z.string().min(1).nullish(),
  });
const previewSchema = () =>
  z.strictObject({
    count: z.int().min(1).max(1_000).optional(),
    from: instant().optional(),
  });

/** What a person decides about a schedule; the rest of its record follows from it. */
export type ScheduleSettings = Omit<
  ScheduleRecord,
  "id" | "tenant" | "nextFireAt" | "nextDueAt" | "revision" | "createdAt" | "updatedAt"
>;

const DEFAULTS: Omit<ScheduleSettings, "workflowId" | "cron"> = Object.freeze({
  timeZone: "UTC",
  input: Object.freeze({}),
  overlap: "skip",
  missed: "latest",
  maxMissed: 10,
  jitterMs: 0,
  startAt: null,
  endAt: null,
  isPaused: false,
});

/** @throws ConfigurationError `invalid_schedule`, `invalid_input` */
export function parseScheduleOptions(
  options: unknown,
  maxInputBytes: number,
): { readonly id: string | null; readonly tenant: string | null; readonly settings: ScheduleSettings } {
  const { id = null, tenant = null, workflowId, cron, ...rest } = parse(optionsSchema(), options);
  return { id, tenant, settings: applyChanges({ ...DEFAULTS, workflowId, cron }, rest, maxInputBytes) };
}

/** The settings with changes as `engine.schedules.update` takes them. @throws ConfigurationError `invalid_schedule`, `invalid_input` */
export function parseScheduleChanges(
  settings: ScheduleSettings,
  given: unknown,
  maxInputBytes: number,
): ScheduleSettings {
  return applyChanges(settings, parse(changesSchema(), given), maxInputBytes);
}

/** @throws ConfigurationError `invalid_schedule` */
export function parsePreviewOptions(options: unknown): { readonly count?: number; readonly from?: number } {
  const { count, from } = parse(previewSchema(), options);
  return { ...(count === undefined ? {} : { count }), ...(from === undefined ? {} : { from: toInstant(from) }) };
}

function applyChanges(
  settings: ScheduleSettings,
  given: z.infer<ReturnType<typeof changesSchema>>,
  maxInputBytes: number,
): ScheduleSettings {
  const { input, startAt, endAt, paused, trigger, ...rest } = given;
  const { trigger: earlier, ...kept } = settings;
  const fires = trigger === undefined ? earlier : (trigger ?? undefined);
  const changed: ScheduleSettings = {
    ...kept,
    ...(fires === undefined ? {} : { trigger: fires }),
    ...(Object.fromEntries(
      Object.entries(rest).filter(([, value]) => value !== undefined),
    ) as Partial<ScheduleSettings>),
    ...(input === undefined ? {} : { input: toPayload(input, "input", maxInputBytes) }),
    ...(startAt === undefined ? {} : { startAt: startAt === null ? null : toInstant(startAt) }),
    ...(endAt === undefined ? {} : { endAt: endAt === null ? null : toInstant(endAt) }),
    ...(paused === undefined ? {} : { isPaused: paused }),
  };
  if (changed.startAt !== null && changed.endAt !== null && changed.endAt < changed.startAt)
    throw new ConfigurationError("invalid_schedule", "endAt must not lie before startAt.");
  return changed;
}

function toInstant(instant: Instant): number {
  if (typeof instant === "object") return instant.getTime();
  // biome-ignore lint/style/noRestrictedGlobals: reads a text that names its zone, not the clock
  return typeof instant === "number" ? instant : Date.parse(instant);
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
  throw new ConfigurationError("invalid_schedule", `The options of the schedule are wrong. ${problems.join("; ")}`, {
    details: { problems },
  });
}
