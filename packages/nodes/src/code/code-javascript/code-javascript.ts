import { defineNode, type NodeContext } from "@automatrix/core";
import { movingWorld, stillWorld } from "../../sandbox/guest-world.js";
import { runInSandbox } from "../../sandbox/run-in-sandbox.js";
import { scriptPool } from "../../sandbox/sandbox-pools.js";
import { toScopeTexts } from "../../sandbox/scope-texts.js";
import { codeParameters } from "../code-parameters.js";
import { codeScope } from "../code-scope.js";

/** Names through which JavaScript reads the clock and chance. */
const UNSTABLE = /\b(?:Date|random)\b/;

/** Runs JavaScript in a sandbox. */
export const codeJavascript = defineNode({
  type: "code_javascript",
  label: "Run JavaScript",
  description:
    "Runs JavaScript in a sandbox without network, files or secrets. The code is the body of an async function that sees " +
    "input, inputs, nodes, vars, trigger, execution and console; what it returns is the output.",
  category: "code",
  // Code that names neither gets a clock that stands still and the same chance each time: it is pure whatever it does.
  effects: ({ code }) => (usesClockOrChance(code) ? "idempotent" : "pure"),
  parameters: () => codeParameters("Body of an async JavaScript function; `return` gives the output."),
  example: {
    parameters: { code: "const total = input.prices.reduce((sum, price) => sum + price, 0);\nreturn { total };" },
    input: { prices: [2, 3] },
    output: { total: 5 },
  },
  execute(ctx) {
    const { code, timeoutMs, memoryMb } = ctx.parameters;
    return runInSandbox(ctx, {
      pool: scriptPool(),
      subject: "The code",
      timeoutMs,
      request: () => ({
        language: "javascript",
        code,
        memoryMb,
        scope: toScopeTexts(code, codeScope(ctx)),
        world: worldFor(code, ctx),
      }),
    });
  },
});

function usesClockOrChance(code: string): boolean {
  return UNSTABLE.test(code);
}

function worldFor(code: string, ctx: NodeContext<unknown>) {
  return usesClockOrChance(code) ? movingWorld(ctx) : stillWorld(ctx);
}
