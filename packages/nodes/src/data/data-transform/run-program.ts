import { FatalNodeError, type NodeContext } from "@automatrix/core";
import type { Expression, JsonataOptions } from "jsonata";
import { isJsonObject } from "../../json/json-kind.js";
import { loadModule } from "../../loading/load-module.js";
import { LinearRegExp } from "./linear-reg-exp.js";

export const MAX_PROGRAM_LENGTH = 10_000;
/** Brackets within brackets of a program: its parser calls itself for each. */
const MAX_PROGRAM_NESTING = 64;
const TIMEOUT_MS = 1_000;
const MAX_STACK_DEPTH = 256;
const MAX_SEQUENCE_LENGTH = 1_000_000;
const MAX_TEXT_LENGTH = 1_000_000;
const UNSTABLE = /\$(?:now|millis|random|shuffle)\b/;

type JsonataFactory = (program: string, options: JsonataOptions) => Expression;

/** Whether equal input means equal output: no clock, no chance. */
export function isDeterministic(program: string): boolean {
  return !UNSTABLE.test(program);
}

/**
 * Runs a JSONata program on the input, bounded in time, depth and size. Time and chance come from the context; `$eval` is off.
 * @throws FatalNodeError `expression_syntax`, `expression_limit` or `expression_failed`
 */
export async function runProgram(program: string, ctx: NodeContext<unknown>): Promise<unknown> {
  const expression = parse(program);
  try {
    return toJson(await expression.evaluate(ctx.input, bindings(ctx)));
  } catch (error) {
    throw toFailure(error);
  }
}

function parse(program: string): Expression {
  if (nesting(program) > MAX_PROGRAM_NESTING) {
    throw new FatalNodeError(`The JSONata program is nested deeper than ${MAX_PROGRAM_NESTING}.`, {
      code: "expression_limit",
    });
  }
  const jsonata = loadModule<JsonataFactory>("jsonata");
  try {
    return jsonata(program, {
      timeout: TIMEOUT_MS,
      stack: MAX_STACK_DEPTH,
      sequence: MAX_SEQUENCE_LENGTH,
      RegexEngine: LinearRegExp as unknown as RegExpConstructor,
    });
  } catch (error) {
    throw toFailure(error, "expression_syntax");
  }
}

function nesting(program: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of program) {
    if ("([{".includes(character)) deepest = Math.max(deepest, ++depth);
    else if (")]}".includes(character)) depth -= 1;
  }
  return deepest;
}

function bindings(ctx: NodeContext<unknown>): Record<string, unknown> {
  return {
    vars: ctx.vars,
    trigger: ctx.trigger,
    eval: undefined,
    millis: () => ctx.clock.now(),
    now: (picture?: unknown) => {
      if (picture !== undefined)
        throw new FatalNodeError("$now takes no picture here; write $fromMillis($millis(), picture).", {
          code: "expression_failed",
        });
      return new Date(ctx.clock.now()).toISOString();
    },
    random: () => ctx.random.next(),
    pad: (text: string, width: number, fill = " ") => pad(text, width, fill),
  };
}

/** `$pad` makes text of any length in one step; here it is bounded. */
function pad(text: string | undefined, width: number, fill: string): string | undefined {
  if (text === undefined) return undefined;
  const length = Math.abs(width);
  if (!(length <= MAX_TEXT_LENGTH))
    throw new FatalNodeError(`$pad makes at most ${MAX_TEXT_LENGTH} characters.`, { code: "expression_limit" });
  return width < 0 ? text.padStart(length, fill) : text.padEnd(length, fill);
}

/** Plain JSON of a result: JSONata's lists carry marks of their own. */
function toJson(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, toJson);
  if (!isJsonObject(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, toJson(child)]));
}

const LIMIT_CODES: ReadonlySet<unknown> = new Set(["D1011", "D1012", "D2014", "D2015", "U1001"]);

function toFailure(error: unknown, code = "expression_failed"): FatalNodeError {
  if (error instanceof FatalNodeError) return error;
  const {
    code: reason,
    message,
    position,
  } = (error ?? {}) as { code?: unknown; message?: unknown; position?: unknown };
  const isLimit = LIMIT_CODES.has(reason) || error instanceof RangeError;
  return new FatalNodeError(
    `The JSONata program failed: ${typeof message === "string" ? message.slice(0, 500) : "unknown reason"}`,
    {
      code: isLimit ? "expression_limit" : code,
      details: {
        ...(typeof reason === "string" && { reason }),
        ...(typeof position === "number" && { offset: position }),
      },
    },
  );
}
