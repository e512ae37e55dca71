import type { Effects } from "../definition/workflow-definition.js";
import { findTemplateStrings } from "../expressions/template-strings.js";
import { strictestEffects } from "./effects.js";
import type { PlannedNode } from "./plan.js";

/**
 * What a type whose effects depend on the parameters says before any run; undefined when it cannot be told yet. Never
 * throws: whatever a type's code does here, its node gets to know when it runs.
 */
export function foreseeEffects({
  type,
  definition,
  parameters,
}: Pick<PlannedNode, "type" | "definition" | "parameters">): Effects | undefined {
  if (typeof type.effects !== "function") return undefined;
  try {
    const known = parameters.resolveStatic() ?? onlyKnown(definition.data ?? {});
    return strictestEffects(type.effects(known), definition.effects);
  } catch {
    return undefined;
  }
}

/** The parameters as written. Reading one that has an expression, or that the schema may yet fill in, throws. */
function onlyKnown(written: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const refuse = (): never => {
    throw new Error("Known only when the node runs.");
  };
  return new Proxy(written, {
    get(_, key) {
      if (typeof key !== "string" || !Object.hasOwn(written, key)) return refuse();
      const value = written[key];
      return findTemplateStrings(value, "").length > 0 ? refuse() : value;
    },
    has: refuse,
    ownKeys: refuse,
    getOwnPropertyDescriptor: refuse,
  });
}
