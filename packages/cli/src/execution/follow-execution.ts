import type { ExecutionEvent, ExecutionHandle, ExecutionResult } from "@automatrix/core";
import { onInterrupt } from "../interrupts.js";
import { COMMAND_LEASE, type OpenedEngine } from "../open-engine.js";
import { printable } from "../printable.js";
import type { Progress } from "../progress/progress.js";
import type { Streams } from "../streams.js";
import { type PreparedDecision, type PreparedSignal, sendSignals } from "../waiting/answers.js";
import { isStuck } from "../waiting/is-stuck.js";
import { canAsk, type OpenWait, WaitAnswers } from "../waiting/wait-answers.js";
import { answerText, type Whereabouts } from "../waiting/wait-text.js";

export interface FollowParams {
  readonly opened: OpenedEngine;
  /** Starts the execution or takes it over; Ctrl-C is caught by then. */
  readonly begin: () => Promise<Begun>;
  /** What the first Ctrl-C does. */
  readonly onInterrupt: "cancel" | "hand_back";
  /** Stays until the execution ends, whatever it waits for. */
  readonly staysWhileWaiting: boolean;
  readonly decisions?: readonly PreparedDecision[];
  readonly signals?: readonly PreparedSignal[];
  readonly progress: Progress;
  readonly streams: Streams;
  readonly whereabouts: Whereabouts;
}

/** An execution to follow. */
export interface Begun {
  readonly handle: ExecutionHandle;
  /** Position in the journal up to which everything is known already. Default 0. */
  readonly after?: number;
  /** What nodes wait for already. */
  readonly waits?: readonly OpenWait[];
}

/** How following ended. */
export type Followed =
  | { readonly kind: "ended"; readonly result: ExecutionResult }
  /** It has not ended: it waits for somebody, or Ctrl-C gave it back. */
  | { readonly kind: "waiting" | "handed_back"; readonly executionId: string };

/** How often an execution that waits is looked at: a child of it may have come to a stand meanwhile. */
const LOOK_INTERVAL_MS = 1_000;
const LAST_EVENTS: ReadonlySet<string> = new Set(["execution.completed", "execution.failed", "execution.cancelled"]);

/** Follows one execution to its end: shows its events, answers what it waits for, and minds Ctrl-C. */
export async function followExecution(params: FollowParams): Promise<Followed> {
  const { progress } = params;
  // Before the start: the first node may run before there is a handle.
  const interrupted = new AbortController();
  const releaseInterrupts = onInterrupt((signal) => {
    const does = params.onInterrupt === "cancel" ? "cancelling" : "handing it back";
    progress.note(`${signal}: ${does}; a second one quits at once`);
    interrupted.abort(`interrupted by ${signal}`);
  });
  const ended = new AbortController();
  try {
    const begun = await params.begin();
    await tellOwner(begun.handle.id, params);
    if (params.onInterrupt === "cancel") cancelOn(interrupted.signal, begun.handle, progress);
    await sendSignals(params.opened.engine, begun.handle.id, params.signals ?? []);
    return await watch(begun, params, { interrupted: interrupted.signal, ended: ended.signal });
  } finally {
    ended.abort();
    progress.end();
    releaseInterrupts();
  }
}

/** Says so when another process has the execution: it is followed from here, and taken over when that one is dead. */
async function tellOwner(executionId: string, { opened, progress }: FollowParams): Promise<void> {
  const record = await opened.storage.getExecution(executionId);
  if (record === undefined || record.endedAt !== null || !opened.focus.isElsewhere(record)) return;
  progress.note(
    `Another process runs this execution (worker ${printable(record.owner ?? "")}). It is followed here, and taken over if that process gives no sign of life for ${COMMAND_LEASE.durationMs / 1_000} s or hands it back.`,
  );
}

function cancelOn(interrupted: AbortSignal, handle: ExecutionHandle, progress: Progress): void {
  const cancel = (): void => {
    handle
      .cancel(String(interrupted.reason))
      .catch((error: unknown) => progress.note(`cancel failed: ${String(error)}`));
  };
  if (interrupted.aborted) cancel();
  else interrupted.addEventListener("abort", cancel, { once: true });
}

async function watch(
  { handle, after = 0, waits = [] }: Begun,
  params: FollowParams,
  { interrupted, ended }: { readonly interrupted: AbortSignal; readonly ended: AbortSignal },
): Promise<Followed> {
  const { progress } = params;
  const answers = new WaitAnswers({
    engine: params.opened.engine,
    executionId: handle.id,
    decisions: params.decisions ?? [],
    progress,
    streams: params.streams,
    hintFor: (wait) => hintFor(wait, handle.id, params),
    ended,
  });
  for (const wait of waits) await answers.answer(wait);
  const leaves = leavesWhenStuck(params);
  const handedBack = params.onInterrupt === "hand_back" ? aborted(interrupted) : never();
  const events = handle.events({ after })[Symbol.asyncIterator]();
  // One that was there before may wait, and nothing that happens here need move it.
  let isWaiting = after > 0;
  let next = events.next();
  for (;;) {
    const look = isWaiting && leaves ? timer(LOOK_INTERVAL_MS) : undefined;
    const turn = await Promise.race([next, handedBack, ...(look === undefined ? [] : [look.passed])]);
    look?.cancel();
    if (turn === "aborted") return { kind: "handed_back", executionId: handle.id };
    if (turn === "passed") {
      if (await isStuck(params.opened.storage, handle.id, Date.now()))
        return { kind: "waiting", executionId: handle.id };
      continue;
    }
    if (turn.done === true) break;
    next = events.next();
    const event = turn.value;
    progress.show(event);
    await answerEvent(event, answers, progress);
    if (LAST_EVENTS.has(event.type)) break;
    if (event.type === "execution.waiting" || event.type === "execution.blocked") {
      isWaiting = true;
      if (leaves && (await isStuck(params.opened.storage, handle.id, Date.now())))
        return { kind: "waiting", executionId: handle.id };
    } else if (event.type === "execution.resumed") isWaiting = false;
  }
  return { kind: "ended", result: await handle.result() };
}

async function answerEvent(event: ExecutionEvent, answers: WaitAnswers, progress: Progress): Promise<void> {
  if (event.type === "execution.blocked") progress.note(`blocked: ${String(event.data?.message ?? event.data?.code)}`);
  if (event.type !== "node.waiting") return;
  const { kind, message = "", signal = null } = event.data as WaitingData;
  await answers.answer({ nodePath: event.nodeId ?? "", kind, message, signalName: signal });
}

/** What a `node.waiting` event says of the wait. */
interface WaitingData {
  readonly kind: OpenWait["kind"];
  readonly message?: string;
  readonly signal?: string;
}

/** What is only in memory would be lost; where a person sits, it is that person who waits. */
function leavesWhenStuck({ opened, staysWhileWaiting, streams }: FollowParams): boolean {
  return !staysWhileWaiting && opened.storage.capabilities.durable && !canAsk(streams);
}

/** Says how to answer while the command stays; one that leaves says so when it does. */
function hintFor(wait: OpenWait, executionId: string, params: FollowParams): string | undefined {
  if (leavesWhenStuck(params) || (wait.kind !== "approval" && wait.kind !== "signal")) return undefined;
  const { nodePath, kind, signalName } = wait;
  const node = printable(nodePath);
  const stop = params.onInterrupt === "cancel" ? "or cancel with Ctrl-C" : "or give it back with Ctrl-C";
  const name = printable(signalName ?? "");
  if (!params.opened.storage.capabilities.durable) {
    return kind === "approval"
      ? `${node} waits for an approval: start with --decide '${node}=approve' (or reject), ${stop}.`
      : `${node} waits for the signal "${name}": start with --signal '${name}=JSON', ${stop}.`;
  }
  const answer = answerText({ executionId, nodePath, kind, signalName }, params.whereabouts);
  const what = kind === "approval" ? "an approval" : `the signal "${name}"`;
  return `${node} waits for ${what}; in another terminal: ${answer}, ${stop}.`;
}

function aborted(signal: AbortSignal): Promise<"aborted"> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve("aborted");
    else signal.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function timer(durationMs: number): { readonly passed: Promise<"passed">; readonly cancel: () => void } {
  let cancel = (): void => {};
  const passed = new Promise<"passed">((resolve) => {
    const timeout = setTimeout(() => resolve("passed"), durationMs);
    cancel = () => clearTimeout(timeout);
  });
  return { passed, cancel };
}
