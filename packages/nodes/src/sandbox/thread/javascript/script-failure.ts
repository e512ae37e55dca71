import type { GuestAnswer } from "../../guest-protocol.js";
import { MAX_MESSAGE_CHARACTERS } from "../../sandbox-limits.js";

/** What the user's code is called in stacks. */
export const FILE_NAME = "code";
/** Lines that stand before the user's first. */
const LINES_BEFORE = 1;
const PLACE = /\bcode:(\d+)(?::(\d+))?/;

interface Thrown {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
}

/** The answer for what the code threw. */
export function toFailure(error: unknown): GuestAnswer {
  if (error === null || typeof error !== "object") return failure(`The code threw ${String(error)}.`);
  const { name, message, stack } = error as Thrown;
  const text = String(message ?? "").slice(0, MAX_MESSAGE_CHARACTERS);
  if (name === "InternalError" && text === "out of memory") {
    return outOfMemory();
  }
  if (text.startsWith("threw ")) return failure(`The code ${text}.`);
  const line = lineOf(stack);
  const what = name === undefined || name === "" || name === "Error" ? text : `${name}: ${text}`;
  return failure(`The code failed${line === undefined ? "" : ` in line ${line}`}: ${what}`, {
    ...(line !== undefined && { line }),
    ...(typeof name === "string" && name !== "" && { name }),
  });
}

/** The answer for code that cannot be parsed. */
export function toSyntaxFailure(error: unknown, code: string): GuestAnswer {
  const answer = toFailure(error);
  if (answer.outcome !== "failure" || answer.details?.["line"] === undefined) return answer;
  // A missing bracket is noticed behind the last line.
  const line = Math.min(answer.details["line"] as number, code.split("\n").length);
  const { message } = error as { readonly message?: unknown };
  return failure(`The code cannot be parsed, line ${line}: ${String(message).slice(0, MAX_MESSAGE_CHARACTERS)}`, {
    line,
    name: "SyntaxError",
  });
}

export function outOfMemory(): GuestAnswer {
  return { outcome: "failure", code: "code_out_of_memory", message: "The code needs more memory than it may use." };
}

function lineOf(stack: unknown): number | undefined {
  const found = typeof stack === "string" ? PLACE.exec(stack)?.[1] : undefined;
  return found === undefined ? undefined : Math.max(1, Number(found) - LINES_BEFORE);
}

function failure(message: string, details: Readonly<Record<string, unknown>> = {}): GuestAnswer {
  return { outcome: "failure", code: "code_failed", message, details };
}
