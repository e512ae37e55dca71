import { ConfigurationError } from "../errors/errors.js";
import type { ExpressionScope } from "./expression-scope.js";

/** What an expression can see before anything runs: the input alone. */
export function startScope(input: unknown): ExpressionScope {
  const nothing = Object.freeze({});
  return {
    input,
    inputs: nothing,
    vars: nothing,
    trigger: input,
    execution: nothing,
    item: null,
    index: null,
    parameters: nothing,
    nodes: nothing,
    node: () => undefined,
    now: refuse,
    random: refuse,
    uuid: refuse,
  };
}

function refuse(): never {
  throw new ConfigurationError("invalid_input", "it must depend on the input alone, not on time or chance.");
}
