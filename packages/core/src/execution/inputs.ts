import { isPlainObject } from "../shared/plain-json.js";
import { EDGE, type ScopeState } from "./scope-state.js";
import { mergeVariables, type Variables } from "./variables.js";

const NOTHING: Readonly<Record<string, unknown>> = Object.freeze({});

/** Value that an edge carries from its source. */
export function edgeValue(state: ScopeState, edge: number): unknown {
  const source = state.plan.graph.source[edge] as number;
  const emitted = state.ports[source];
  if (!Array.isArray(emitted)) return state.outputs[source];
  const port = state.plan.edgePort[edge];
  return port === null || port === undefined
    ? state.outputs[source]
    : (state.outputs[source] as Record<string, unknown>)[port];
}

/** Edges live when the node's join was decided, in definition order. */
export function liveEdges(state: ScopeState, node: number): readonly number[] {
  const decided = state.decidedEdges?.get(node);
  if (decided !== undefined) return decided;
  const { inStart, inEdges } = state.plan.graph;
  const live: number[] = [];
  for (let at = inStart[node] as number; at < (inStart[node + 1] as number); at++) {
    const edge = inEdges[at] as number;
    if (state.edges[edge] === EDGE.live) live.push(edge);
  }
  return live;
}

/** Resolves a node's input; `scopeInput` is what an entry gets, `inputs` is asked for when the outputs cannot be merged. */
export function resolveInput(state: ScopeState, node: number, scopeInput: unknown, inputs: () => unknown): unknown {
  const { inStart, inEdges } = state.plan.graph;
  const first = inStart[node] as number;
  const degree = (inStart[node + 1] as number) - first;
  if (degree === 0) return scopeInput;
  if (degree === 1)
    return state.edges[inEdges[first] as number] === EDGE.live ? edgeValue(state, inEdges[first] as number) : NOTHING;
  const live = liveEdges(state, node);
  if (live.length === 0) return NOTHING;
  if (live.length === 1) return edgeValue(state, live[0] as number);
  const values = live.map((edge) => edgeValue(state, edge));
  return values.every(isPlainObject) ? shallowMerge(values) : inputs();
}

function shallowMerge(values: readonly Readonly<Record<string, unknown>>[]): Readonly<Record<string, unknown>> {
  const merged: Record<string, unknown> = {};
  for (const value of values) {
    for (const key of Object.keys(value)) setOwn(merged, key, value[key]);
  }
  return Object.freeze(merged);
}

/** Sets an own property, even one named `__proto__`. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

/** Each live output once with its name, in edge order: several may share a name. */
export function resolveInputList(state: ScopeState, node: number): readonly (readonly [string, unknown])[] {
  const { graph, edgeHandle, edgePort } = state.plan;
  const byOutput = new Map<string, readonly [string, unknown]>();
  for (const edge of liveEdges(state, node)) {
    const name = edgeHandle[edge] as string;
    byOutput.set(`${graph.source[edge]} ${edgePort[edge] ?? ""} ${name}`, [name, edgeValue(state, edge)]);
  }
  return Object.freeze([...byOutput.values()]);
}

/** Each live output under its edge's target handle, or its source's id. */
export function resolveInputs(state: ScopeState, node: number): Readonly<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {};
  for (const edge of liveEdges(state, node))
    setOwn(inputs, state.plan.edgeHandle[edge] as string, edgeValue(state, edge));
  return Object.freeze(inputs);
}

/** Variables that a node sees: those of the edges that give it its inputs. */
export function incomingVariables(state: ScopeState, node: number): Variables | undefined {
  if (state.variables.length === 0) return undefined;
  const decided = state.decidedEdges?.get(node);
  if (decided !== undefined) return variablesOf(state, decided);
  const { inStart, inEdges, source } = state.plan.graph;
  const first = inStart[node] as number;
  const last = inStart[node + 1] as number;
  let found: Variables | undefined;
  let many = false;
  for (let at = first; at < last; at++) {
    const edge = inEdges[at] as number;
    if (state.edges[edge] !== EDGE.live) continue;
    const variables = state.variables[source[edge] as number];
    if (variables === undefined || variables === found) continue;
    if (found !== undefined) many = true;
    found = variables;
  }
  return many ? variablesOf(state, liveEdges(state, node)) : found;
}

function variablesOf(state: ScopeState, edges: readonly number[]): Variables | undefined {
  const { source } = state.plan.graph;
  return mergeVariables(edges.map((edge) => state.variables[source[edge] as number]));
}
