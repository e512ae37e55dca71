import { z } from "@automatrix/core";
import {
  DEFAULT_MEMORY_MB,
  DEFAULT_TIMEOUT_MS,
  MAX_CODE_CHARACTERS,
  MAX_MEMORY_MB,
  MAX_TIMEOUT_MS,
  MIN_MEMORY_MB,
} from "../sandbox/sandbox-limits.js";

/** The parameters of every node that runs code. */
export function codeParameters(description: string) {
  return z.object({
    code: z.string().max(MAX_CODE_CHARACTERS).describe(description),
    timeoutMs: z
      .number()
      .int()
      .min(1)
      .max(MAX_TIMEOUT_MS)
      .default(DEFAULT_TIMEOUT_MS)
      .describe("How long the code may run, in milliseconds. Waiting for a free thread does not count."),
    memoryMb: z
      .number()
      .int()
      .min(MIN_MEMORY_MB)
      .max(MAX_MEMORY_MB)
      .default(DEFAULT_MEMORY_MB)
      .describe("How much memory the code may use, in megabytes, besides that of its interpreter."),
  });
}
