import type { NodeContext } from "@automatrix/core";
import type { GuestWorld } from "../../sandbox/guest-protocol.js";
import { movingWorld } from "../../sandbox/guest-world.js";
import { runInSandbox } from "../../sandbox/run-in-sandbox.js";
import { scriptPool } from "../../sandbox/sandbox-pools.js";
import { toScopeTexts } from "../../sandbox/scope-texts.js";

export const MAX_PROGRAM_LENGTH = 10_000;
const TIMEOUT_MS = 5_000;
/** For programs that take neither time nor chance. */
const NO_WORLD: GuestWorld = { nowMs: 0, clockMoves: false, seed: 0 };
const UNSTABLE = /\$(?:now|millis|random|shuffle)\b/;

/** Whether equal input means equal output: no clock, no chance. */
export function isDeterministic(program: string): boolean {
  return !UNSTABLE.test(program);
}

/**
 * Runs a JSONata program on the input in a sandbox thread. Time and chance come from the context; `$eval` is off.
 * @throws FatalNodeError `expression_syntax`, `expression_limit`, `expression_failed`, `output_too_large`
 */
export function runProgram(program: string, ctx: NodeContext<unknown>): Promise<unknown> {
  return runInSandbox(ctx, {
    pool: scriptPool(),
    subject: "The JSONata program",
    timeoutMs: TIMEOUT_MS,
    timeoutCode: "expression_limit",
    memoryCode: "expression_limit",
    request: () => ({
      language: "jsonata",
      code: program,
      scope: toScopeTexts(program, { input: () => ctx.input, vars: () => ctx.vars, trigger: () => ctx.trigger }, [
        "input",
      ]),
      world: isDeterministic(program) ? NO_WORLD : movingWorld(ctx),
    }),
  });
}
