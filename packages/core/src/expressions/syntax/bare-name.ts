import type { Evaluation } from "../evaluation.js";
import type { ExpressionScope, ExtraNames } from "../expression-scope.js";
import { isForbiddenKey, isKeyedObject } from "../own-property.js";
import { RESERVED_NAMES } from "./reserved-name.js";

/** What a lookup that finds nothing returns; no data can equal it. */
export const NAME_NOT_FOUND: unique symbol = Symbol("name not found");

const MAX_NAMES_LISTED = 20;

/** Looks a bare name up among the own properties of the extra names, the input, the variables and the trigger. */
export function findBareName(name: string, scope: ExpressionScope, extra: ExtraNames | undefined): unknown {
  if (extra !== undefined && Object.hasOwn(extra, name)) return extra[name] ?? null;
  const { input } = scope;
  if (isKeyedObject(input) && Object.hasOwn(input, name)) return input[name] ?? null;
  const { vars } = scope;
  if (isKeyedObject(vars) && Object.hasOwn(vars, name)) return vars[name] ?? null;
  const { trigger } = scope;
  if (isKeyedObject(trigger) && Object.hasOwn(trigger, name)) return trigger[name] ?? null;
  return NAME_NOT_FOUND;
}

/** Ends the evaluation, telling which names exist. */
export function failUnresolvedName(name: string, isFunction: boolean, evaluation: Evaluation): never {
  const names = namesInSight(evaluation);
  const listed = names.slice(0, MAX_NAMES_LISTED);
  const more = names.length > listed.length ? ", …" : "";
  const hint = isFunction ? `; "${name}" is a function: write ${name}()` : "";
  const message = `no value is named "${name}"${hint}. Names that exist: ${listed.join(", ")}${more}`;
  return evaluation.fail("unresolved_name", message, { details: { name, names: listed } });
}

function namesInSight({ scope, extra }: Evaluation): readonly string[] {
  const names = new Set<string>();
  for (const source of [extra, scope.input, scope.vars, scope.trigger]) {
    if (!isKeyedObject(source)) continue;
    for (const name of Object.keys(source)) {
      if (!isForbiddenKey(name)) names.add(name.slice(0, 64));
      if (names.size > MAX_NAMES_LISTED) return [...names];
    }
  }
  return [...new Set([...names, ...RESERVED_NAMES])];
}
