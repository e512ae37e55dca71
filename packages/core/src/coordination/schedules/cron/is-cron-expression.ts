import { AutomatrixError } from "../../../errors/errors.js";
import { Cron } from "./cron.js";

/**
 * Whether a schedule can be made of a text: five fields, six with seconds in front, or a macro such as `@daily`. False
 * also for what never matches (30 February) and for an unknown time zone. For the schema of a node's parameters:
 *
 * ```ts
 * z.string().refine((text) => isCronExpression(text), "This is no cron expression.")
 * ```
 * @param timeZone IANA name of the zone that the expression is meant in
 */
export function isCronExpression(text: string, timeZone = "UTC"): boolean {
  try {
    new Cron({ cron: text, timeZone });
    return true;
  } catch (error) {
    if (AutomatrixError.is(error) && error.code === "invalid_schedule") return false;
    throw error;
  }
}
