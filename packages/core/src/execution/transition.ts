/**
 * The decisions of one scope (an execution's definition, or one run of a body), free of time, chance and waiting.
 *
 * A node goes pending → ready → running → completed | failed, by way of `retrying` and `parked`; or it is skipped or
 * cancelled. A scope goes running → ended; after an unhandled failure running → draining → cleanup → ended. Settling
 * a node costs its out-degree; only ending a failed or stopped scope looks at the whole graph.
 */

import { DEFAULT_PORT, ERROR_PORT } from "../definition/node-type.js";
import type { SkipReason } from "../definition/status.js";
import { assertNever } from "../errors/assert-never.js";
import { reachableFrom } from "../graph/reachable.js";
import type { ErrorRecord, NodeRecord } from "../ports/execution-record.js";
import type { ScopeCommand } from "./command.js";
import type { ScopeEvent } from "./event.js";
import { incomingVariables, liveEdges, resolveInput, resolveInputs } from "./inputs.js";
import { deadReasonAfterSkip, decideJoin, inDegree, skipReasonOf } from "./join.js";
import type { PlannedNode } from "./plan.js";
import { decideRetry } from "./retry-policy.js";
import { DEAD, EDGE, NODE, type ScopeState, type Settlement } from "./scope-state.js";
import { setVariables } from "./variables.js";

/** Applies an event to the state and appends what has to be done to `commands`. Deterministic. */
export function transition(state: ScopeState, event: ScopeEvent, commands: ScopeCommand[]): void {
  if (state.phase === "ended") return;
  switch (event.type) {
    case "begin":
      begin(state, event.trigger, commands);
      break;
    case "restored":
      restore(state, event.node, event.record, commands);
      return;
    case "decided":
      state.decidedEdges ??= new Map();
      state.decidedEdges.set(event.node, event.edges);
      return;
    case "begun":
      state.readyAgain[event.node] = event.error === undefined ? "resume" : "retry";
      state.attempts[event.node] = event.attempts;
      state.errors[event.node] = event.error;
      return;
    case "started":
      state.status[event.node] = NODE.running;
      if (event.attempts !== undefined) state.attempts[event.node] = event.attempts - 1;
      return;
    case "completed":
      if (!isOpen(state, event.node)) return;
      complete(state, event, commands);
      break;
    case "attempt_failed":
      if (!isOpen(state, event.node)) return;
      failAttempt(state, event, commands);
      break;
    case "retry_restored":
      if (state.status[event.node] !== NODE.running) return;
      state.status[event.node] = NODE.retrying;
      state.attempts[event.node] = event.attempts;
      state.errors[event.node] = event.error;
      return;
    case "retry_due":
      if (state.status[event.node] !== NODE.retrying) return;
      state.status[event.node] = NODE.ready;
      state.readyAgain[event.node] = "retry";
      commands.push(planned(state, event.node).start);
      return;
    case "resumed":
      if (state.status[event.node] !== NODE.parked) return;
      state.status[event.node] = NODE.ready;
      state.readyAgain[event.node] = "resume";
      if (event.attempts !== undefined) state.attempts[event.node] = event.attempts;
      commands.push(planned(state, event.node).start);
      return;
    case "parked":
      if (state.status[event.node] !== NODE.running) return;
      state.status[event.node] = NODE.parked;
      if (event.attempts !== undefined) state.attempts[event.node] = event.attempts - 1;
      if (state.phase === "draining" || state.stopped) commands.push({ type: "drain", node: event.node });
      return;
    case "node_cancelled":
      if (!isOpen(state, event.node)) return;
      cancelNode(state, event.node, commands);
      break;
    case "drain":
      if (state.phase === "running") drain(state, commands);
      break;
    case "stop":
      stop(state, commands);
      break;
    default:
      assertNever(event, "event of a scope");
  }
  if (state.open === 0) advancePhase(state, commands);
}

function planned(state: ScopeState, node: number): PlannedNode {
  return state.plan.nodes[node] as PlannedNode;
}

function isOpen(state: ScopeState, node: number): boolean {
  const status = state.status[node] as number;
  return status >= NODE.ready && status <= NODE.parked;
}

/** Starts the entries. With triggers, the one that fired; everything else without incoming edges is skipped. */
function begin(state: ScopeState, trigger: number | undefined, commands: ScopeCommand[]): void {
  const { plan } = state;
  for (let node = 0; node < plan.nodes.length; node++) {
    if (inDegree(state, node) > 0 || state.status[node] !== NODE.pending) continue;
    if (trigger === undefined || node === trigger) run(state, planned(state, node), commands);
    else skip(state, node, "branch_not_taken", commands);
  }
  if (trigger !== undefined && inDegree(state, trigger) > 0 && state.status[trigger] === NODE.pending) {
    run(state, planned(state, trigger), commands);
  }
}

/** Takes over what became of a node; what follows from it is decided as if it had just happened. */
function restore(state: ScopeState, node: number, record: NodeRecord, commands: ScopeCommand[]): void {
  if (state.status[node] === NODE.ready) state.open--;
  state.attempts[node] = Math.max(0, record.attempts - 1);
  if (record.status === "cancelled") {
    state.status[node] = NODE.cancelled;
    return settle(state, node, undefined, DEAD.cancelled, commands);
  }
  if (record.status === "completed") {
    state.open++;
    return complete(
      state,
      {
        type: "completed",
        node,
        output: record.output ?? null,
        port: record.port ?? DEFAULT_PORT,
        variables: record.variables,
      },
      commands,
    );
  }
  state.open++;
  state.errors[node] = record.error;
  fail(state, node, record.error as ErrorRecord, commands, record);
}

function complete(
  state: ScopeState,
  event: Extract<ScopeEvent, { type: "completed" }>,
  commands: ScopeCommand[],
): void {
  const { node, port, output, variables } = event;
  close(state, node, NODE.completed);
  state.outputs[node] = output;
  if (port !== DEFAULT_PORT) state.ports[node] = port;
  passVariablesOn(state, node, variables);
  if (typeof port === "string") settle(state, node, port, DEAD.branchNotTaken, commands);
  else settlePorts(state, node, port, commands);
}

function passVariablesOn(state: ScopeState, node: number, own: Readonly<Record<string, unknown>> | undefined): void {
  const inherited = incomingVariables(state, node);
  if (own !== undefined) state.variables[node] = setVariables(inherited, own);
  else if (inherited !== undefined) state.variables[node] = inherited;
}

function failAttempt(
  state: ScopeState,
  event: Extract<ScopeEvent, { type: "attempt_failed" }>,
  commands: ScopeCommand[],
): void {
  const { node, error, attempt } = event;
  state.attempts[node] = attempt;
  state.errors[node] = error;
  const delayMs =
    state.phase === "running" || state.phase === "cleanup"
      ? decideRetry({ ...event, policy: planned(state, node).retry })
      : undefined;
  if (delayMs === undefined) return fail(state, node, error, commands);
  state.status[node] = NODE.retrying;
  commands.push({ type: "retry", node, delayMs });
}

/** The last attempt failed: error port, then onError, then the scope. `earlier`: the failure is taken over. */
function fail(
  state: ScopeState,
  node: number,
  error: ErrorRecord,
  commands: ScopeCommand[],
  earlier?: NodeRecord,
): void {
  const plan = planned(state, node);
  close(state, node, NODE.failed);
  passVariablesOn(state, node, undefined);
  if (plan.hasErrorEdge) {
    state.handled[node] = "error_port";
    state.outputs[node] = earlierOutput(earlier, "error_port") ?? Object.freeze({ error, input: inputOf(state, node) });
    state.ports[node] = ERROR_PORT;
    commands.push({ type: "failed", node });
    return settle(state, node, ERROR_PORT, DEAD.branchNotTaken, commands);
  }
  if (plan.onError.action === "continue") {
    state.handled[node] = "continue";
    const output = earlierOutput(earlier, "continue");
    state.outputs[node] = output === undefined ? plan.onError.output : output;
    commands.push({ type: "failed", node });
    return settle(state, node, DEFAULT_PORT, DEAD.branchNotTaken, commands);
  }
  commands.push({ type: "failed", node });
  state.firstFailure ??= { node, error };
  if (state.phase === "running") drain(state, commands);
  settle(state, node, undefined, DEAD.upstreamFailed, commands);
}

/** What a failure gave that was handled in the same way; nothing in records that were written without it. */
function earlierOutput(earlier: NodeRecord | undefined, handled: NodeRecord["handled"]): unknown {
  return earlier?.handled === handled ? earlier?.output : undefined;
}

function inputOf(state: ScopeState, node: number): unknown {
  return resolveInput(state, node, state.input, () => resolveInputs(state, node));
}

/**
 * Nothing new starts: what is ready goes back, or ends where it had begun; retries give up; parked nodes are cancelled
 * by the shell.
 */
function drain(state: ScopeState, commands: ScopeCommand[]): void {
  state.phase = "draining";
  state.drained = true;
  const aborts = state.plan.settings.onFailure === "abort" && state.firstFailure !== undefined;
  const gaveUp: number[] = [];
  for (let node = 0; node < state.status.length; node++) {
    switch (state.status[node]) {
      case NODE.ready:
        if (state.readyAgain[node] === "retry") gaveUp.push(node);
        else if (state.readyAgain[node] === "resume") cancelNode(state, node, commands);
        else reopen(state, node);
        break;
      case NODE.retrying:
        gaveUp.push(node);
        break;
      case NODE.parked:
        commands.push({ type: "drain", node });
        break;
      case NODE.running:
        if (aborts) cancelNode(state, node, commands);
        else commands.push({ type: "drain", node });
        break;
    }
  }
  for (const node of gaveUp) {
    commands.push({ type: "unpark", node });
    fail(state, node, state.errors[node] as ErrorRecord, commands);
  }
}

/** A ready node that had not begun an attempt counts as never started. */
function reopen(state: ScopeState, node: number): void {
  state.open--;
  state.status[node] = NODE.pending;
}

/** Cancel or timeout from outside: everything ends now, without cleanup. */
function stop(state: ScopeState, commands: ScopeCommand[]): void {
  state.stopped = true;
  for (let node = 0; node < state.status.length; node++) {
    const status = state.status[node];
    if (isUnderWay(state, node)) endCancelled(state, node, commands);
    else if (status === NODE.ready || status === NODE.pending) {
      if (status === NODE.ready) state.open--;
      markSkipped(state, node, "cancelled", commands);
    }
  }
}

/** True of an open node that has begun an attempt. */
function isUnderWay(state: ScopeState, node: number): boolean {
  return isOpen(state, node) && (state.status[node] !== NODE.ready || state.readyAgain[node] !== undefined);
}

function cancelNode(state: ScopeState, node: number, commands: ScopeCommand[]): void {
  if (!isUnderWay(state, node)) {
    state.open--;
    return skip(state, node, "cancelled", commands);
  }
  endCancelled(state, node, commands);
  settle(state, node, undefined, DEAD.cancelled, commands);
}

function endCancelled(state: ScopeState, node: number, commands: ScopeCommand[]): void {
  commands.push({ type: state.status[node] === NODE.running ? "abort" : "unpark", node });
  close(state, node, NODE.cancelled);
  commands.push({ type: "cancelled", node });
}

function close(state: ScopeState, node: number, status: number): void {
  state.open--;
  state.status[node] = status;
}

/** Nothing is open: end, or go from draining to cleanup. */
function advancePhase(state: ScopeState, commands: ScopeCommand[]): void {
  if (state.phase === "draining" && !state.stopped) beginCleanup(state, commands);
  if (state.open > 0) return;
  state.phase = "ended";
  commands.push({ type: "ended" });
}

/** Skips whatever never started, then lets the `always` nodes run. */
function beginCleanup(state: ScopeState, commands: ScopeCommand[]): void {
  state.phase = "cleanup";
  const failed: number[] = [];
  for (let node = 0; node < state.status.length; node++) {
    if (state.status[node] === NODE.failed && state.handled[node] === undefined) failed.push(node);
  }
  const behindFailure = reachableFrom(state.plan.graph, failed);
  for (const node of state.plan.order) {
    if (state.status[node] !== NODE.pending || isAlways(state, node)) continue;
    skip(state, node, behindFailure[node] === 1 ? "upstream_failed" : "cancelled", commands);
  }
  for (const node of state.plan.order) {
    if (state.status[node] === NODE.pending && isAlways(state, node)) decide(state, node, commands);
  }
}

function isAlways(state: ScopeState, node: number): boolean {
  return planned(state, node).join.mode === "always";
}

/** Makes the edges of one port live and the others dead. */
function settle(
  state: ScopeState,
  node: number,
  port: string | undefined,
  deadReason: number,
  commands: ScopeCommand[],
): void {
  const { graph, edgePort } = state.plan;
  const last = graph.outStart[node + 1] as number;
  for (let at = graph.outStart[node] as number; at < last; at++) {
    const edge = graph.outEdges[at] as number;
    const wanted = edgePort[edge];
    const isLive = port !== undefined && (wanted === port || (wanted === null && port !== ERROR_PORT));
    settleEdge(state, edge, isLive, deadReason, commands);
  }
}

function settlePorts(state: ScopeState, node: number, ports: readonly string[], commands: ScopeCommand[]): void {
  const { graph, edgePort } = state.plan;
  for (let at = graph.outStart[node] as number; at < (graph.outStart[node + 1] as number); at++) {
    const edge = graph.outEdges[at] as number;
    const wanted = edgePort[edge];
    settleEdge(state, edge, wanted === null || ports.includes(wanted as string), DEAD.branchNotTaken, commands);
  }
}

function settleEdge(
  state: ScopeState,
  edge: number,
  isLive: boolean,
  deadReason: number,
  commands: ScopeCommand[],
): void {
  if (state.edges[edge] !== EDGE.unknown) return;
  const target = state.plan.graph.target[edge] as number;
  state.edges[edge] = isLive ? EDGE.live : EDGE.dead;
  state.unknownIn[target] = (state.unknownIn[target] as number) - 1;
  if (isLive) state.liveIn[target] = (state.liveIn[target] as number) + 1;
  else state.deadReasons[target] = (state.deadReasons[target] as number) | deadReason;
  if (state.status[target] === NODE.pending) decide(state, target, commands);
}

function decide(state: ScopeState, node: number, commands: ScopeCommand[]): void {
  if (state.phase !== "running" && !(state.phase === "cleanup" && isAlways(state, node))) return;
  const plan = planned(state, node);
  if (isDecisionAwaited(state, node)) return;
  const decision = decideJoin(state, plan);
  if (decision === "run") run(state, plan, commands);
  else if (decision === "skip") skip(state, node, skipReasonOf(state, plan), commands);
}

/** An earlier worker decided the join by edges that are still to be restored: no other may come first. */
function isDecisionAwaited(state: ScopeState, node: number): boolean {
  return state.decidedEdges?.get(node)?.some((edge) => state.edges[edge] === EDGE.unknown) === true;
}

function run(state: ScopeState, node: PlannedNode, commands: ScopeCommand[]): void {
  if (node.join.mode === "any" || node.join.mode === "quorum") {
    state.decidedEdges ??= new Map();
    if (!state.decidedEdges.has(node.index)) state.decidedEdges.set(node.index, liveEdges(state, node.index));
  }
  if (node.isDisabled) return passThrough(state, node, commands);
  state.status[node.index] = NODE.ready;
  state.open++;
  commands.push(node.start);
  if (node.join.cancelOthers) cancelOthers(state, node, commands);
}

/** A disabled node hands its input on through `default`. */
function passThrough(state: ScopeState, node: PlannedNode, commands: ScopeCommand[]): void {
  state.outputs[node.index] = inputOf(state, node.index);
  passVariablesOn(state, node.index, undefined);
  state.status[node.index] = NODE.skipped;
  state.skipReasons[node.index] = "disabled";
  commands.push({ type: "skip", node: node.index });
  later(state, { node: node.index, port: DEFAULT_PORT, deadReason: DEAD.branchNotTaken }, commands);
}

/** Cancels what can only lead to a join that has already been decided. */
function cancelOthers(state: ScopeState, join: PlannedNode, commands: ScopeCommand[]): void {
  for (const node of state.plan.cancellable.get(join.index) ?? []) {
    const status = state.status[node] as number;
    if (status === NODE.pending) skip(state, node, "cancelled", commands);
    else if (isOpen(state, node)) cancelNode(state, node, commands);
  }
}

function skip(state: ScopeState, node: number, reason: SkipReason, commands: ScopeCommand[]): void {
  markSkipped(state, node, reason, commands);
  later(state, { node, port: undefined, deadReason: deadReasonAfterSkip(reason) }, commands);
}

function markSkipped(state: ScopeState, node: number, reason: SkipReason, commands: ScopeCommand[]): void {
  state.status[node] = NODE.skipped;
  state.skipReasons[node] = reason;
  commands.push({ type: "skip", node });
}

/** A chain of skips is worked off one by one, never by recursion: definitions may be 20,000 nodes deep. */
function later(state: ScopeState, settlement: Settlement, commands: ScopeCommand[]): void {
  state.settlements.push(settlement);
  if (state.isSettling) return;
  state.isSettling = true;
  for (let next = state.settlements.pop(); next !== undefined; next = state.settlements.pop()) {
    settle(state, next.node, next.port, next.deadReason, commands);
  }
  state.isSettling = false;
}
