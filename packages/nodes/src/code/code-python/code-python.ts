import { defineNode } from "@automatrix/core";
import { movingWorld } from "../../sandbox/guest-world.js";
import { runInSandbox } from "../../sandbox/run-in-sandbox.js";
import { pythonPool } from "../../sandbox/sandbox-pools.js";
import { toScopeTexts } from "../../sandbox/scope-texts.js";
import { codeParameters } from "../code-parameters.js";
import { codeScope } from "../code-scope.js";

/** Runs Python in a sandbox; needs the package pyodide. */
export const codePython = defineNode({
  type: "code_python",
  label: "Run Python",
  description:
    "Runs Python in a sandbox without network, files or secrets. The code is the body of a function that sees input, " +
    "inputs, nodes, vars, trigger and execution; what it returns, or else its last line if that is an expression, is the output.",
  category: "code",
  // Python has too many ways to the clock and to chance to tell by its text whether the code takes one.
  effects: "idempotent",
  parameters: () =>
    codeParameters("Body of a Python function; `return`, or else the last expression, gives the output."),
  example: {
    parameters: { code: "total = sum(input['prices'])\nreturn {'total': total}" },
    input: { prices: [2, 3] },
    output: { total: 5 },
  },
  execute(ctx) {
    const { code, timeoutMs, memoryMb } = ctx.parameters;
    return runInSandbox(ctx, {
      pool: pythonPool(),
      subject: "The code",
      timeoutMs,
      request: () => ({
        language: "python",
        code,
        memoryMb,
        scope: toScopeTexts(code, codeScope(ctx)),
        world: movingWorld(ctx),
      }),
    });
  },
});
