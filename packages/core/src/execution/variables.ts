/**
 * Variables flow along live edges. Where branches meet they merge in edge order, except that what a node set always
 * beats what its own ancestors had set: a branch that merely passed a value on cannot bring it back.
 */

/** One variable: its value, who set it, and what it replaced. */
export interface Variable {
  readonly value: unknown;
  /** Entries that the setter saw (or that lost to this one at a merge), which this one therefore beats. */
  readonly beats: readonly Variable[];
}

export type Variables = ReadonlyMap<string, Variable>;

/** What a node sees when several live edges come in. */
export function mergeVariables(sources: readonly (Variables | undefined)[]): Variables | undefined {
  let merged: Map<string, Variable> | undefined;
  let only: Variables | undefined;
  for (const source of sources) {
    if (source === undefined || source === only) continue;
    if (only === undefined) {
      only = source;
      continue;
    }
    merged ??= new Map(only);
    for (const [name, variable] of source) {
      const present = merged.get(name);
      merged.set(name, present === undefined ? variable : mergeVariable(present, variable));
    }
  }
  return merged ?? only;
}

function mergeVariable(earlier: Variable, later: Variable): Variable {
  if (earlier === later || isBeatenBy(earlier, later)) return later;
  if (isBeatenBy(later, earlier)) return earlier;
  return { value: later.value, beats: [later, earlier] };
}

function isBeatenBy(candidate: Variable, winner: Variable): boolean {
  const seen = new Set<Variable>();
  const open = [...winner.beats];
  for (let variable = open.pop(); variable !== undefined; variable = open.pop()) {
    if (variable === candidate) return true;
    if (seen.has(variable)) continue;
    seen.add(variable);
    open.push(...variable.beats);
  }
  return false;
}

/** What a node passes on after it set `values`. */
export function setVariables(inherited: Variables | undefined, values: Readonly<Record<string, unknown>>): Variables {
  const result = new Map(inherited);
  for (const [name, value] of Object.entries(values)) {
    const replaced = result.get(name);
    result.set(name, { value, beats: replaced === undefined ? [] : [replaced] });
  }
  return result;
}

/** Variables as a node sees them: those of its container, then those of its ancestors. */
export function toVariableRecord(
  base: Readonly<Record<string, unknown>>,
  variables: Variables | undefined,
): Readonly<Record<string, unknown>> {
  if (variables === undefined) return base;
  const record: Record<string, unknown> = { ...base };
  for (const [name, { value }] of variables) {
    Object.defineProperty(record, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return Object.freeze(record);
}
