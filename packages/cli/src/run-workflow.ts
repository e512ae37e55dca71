import type { Engine, ExecutionHandle, ExecutionResult } from "@automatrix/core";
import { type PreparedDecision, type PreparedSignal, sendSignals } from "./answers.js";
import { onInterrupt } from "./interrupts.js";
import type { Progress } from "./progress/progress.js";
import type { Streams } from "./streams.js";
import { WaitAnswers } from "./wait-answers.js";

export interface RunWorkflowParams {
  readonly engine: Engine;
  readonly definition: Parameters<Engine["execute"]>[0];
  readonly input: unknown;
  readonly idempotencyKey?: string | undefined;
  readonly decisions?: readonly PreparedDecision[];
  readonly signals?: readonly PreparedSignal[];
  readonly progress: Progress;
  readonly streams: Streams;
}

const LAST_EVENTS: ReadonlySet<string> = new Set(["execution.completed", "execution.failed", "execution.cancelled"]);

/** Runs one execution to its end: shows its events, answers what it waits for, and lets Ctrl-C cancel it. */
export async function runWorkflow(params: RunWorkflowParams): Promise<ExecutionResult> {
  const { progress } = params;
  // Before the start: the first node may run before there is a handle.
  const interrupted = new AbortController();
  const releaseInterrupts = onInterrupt((signal) => {
    progress.note(`${signal}: cancelling; a second one quits at once`);
    interrupted.abort(`interrupted by ${signal}`);
  });
  try {
    const handle = await start(params);
    cancelOn(interrupted.signal, handle, progress);
    return await finish(handle, params);
  } finally {
    progress.end();
    releaseInterrupts();
  }
}

function start({ engine, definition, input, idempotencyKey }: RunWorkflowParams): Promise<ExecutionHandle> {
  return engine.execute(definition, { input, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) });
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

async function finish(handle: ExecutionHandle, params: RunWorkflowParams): Promise<ExecutionResult> {
  const ended = new AbortController();
  try {
    // All at once: a fault while watching must end the wait for a result that may never come.
    const [result] = await Promise.all([
      handle.result().finally(() => ended.abort()),
      watch(handle, params, ended.signal),
      sendSignals(params.engine, handle.id, params.signals ?? []),
    ]);
    return result;
  } finally {
    ended.abort();
  }
}

async function watch(handle: ExecutionHandle, params: RunWorkflowParams, ended: AbortSignal): Promise<void> {
  const { engine, progress, streams, decisions = [] } = params;
  const answers = new WaitAnswers({ engine, decisions, progress, streams, ended });
  for await (const event of handle.events()) {
    progress.show(event);
    if (event.type === "node.waiting") await answers.answer(event);
    if (event.type === "execution.blocked")
      progress.note(`blocked: ${String(event.data?.message ?? event.data?.code)}`);
    if (LAST_EVENTS.has(event.type)) return;
  }
}
