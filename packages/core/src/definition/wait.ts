import { FatalNodeError } from "../errors/errors.js";
import type { WorkflowDefinition } from "./workflow-definition.js";

const WAIT = Symbol.for("automatrix.wait");
/** Instants later than this are no dates. */
const MAX_WAIT_MS = 8_000_000_000_000_000;

/** What a node returns to be parked instead of completing. Made by `ctx.wait`. */
export type Wait = { readonly [WAIT]: true } & (
  | { readonly kind: "delay"; readonly delayMs: number }
  | { readonly kind: "signal"; readonly name: string; readonly timeoutMs?: number }
  | {
      readonly kind: "approval";
      readonly message: string;
      readonly approvers?: readonly string[];
      readonly quorum: number;
      readonly deadlineMs?: number;
    }
  | {
      readonly kind: "execution";
      readonly target: WorkflowDefinition | string;
      readonly input?: unknown;
      readonly version?: number;
      readonly detach: boolean;
      readonly distribute: boolean;
    }
);

/** How a wait ended; handed to `resume(ctx, outcome)` of a node type that has one. */
export type WaitOutcome =
  | { readonly kind: "delay" }
  | { readonly kind: "signal"; readonly payload: unknown }
  | {
      readonly kind: "approval";
      readonly decision: "approved" | "rejected";
      readonly by: string;
      readonly comment: string | null;
      readonly decisions: readonly ApprovalDecision[];
    }
  | { readonly kind: "execution"; readonly executionId: string; readonly output: unknown }
  | { readonly kind: "timed_out" };

export interface ApprovalDecision {
  readonly decision: "approve" | "reject";
  readonly by: string;
  readonly comment: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Builders of waits. A node returns what they make: `return ctx.wait.delay(60_000)`. */
export interface WaitFactory {
  /** Resumes after `delayMs` (negative is 0). */
  delay(delayMs: number): Wait;
  /** Resumes with the payload of the next signal of this name. */
  signal(name: string, options?: { readonly timeoutMs?: number }): Wait;
  /** Resumes when `quorum` (1) people approved or the first rejected. */
  approval(options: {
    readonly message: string;
    readonly approvers?: readonly string[];
    readonly quorum?: number;
    readonly deadlineMs?: number;
  }): Wait;
  /**
   * Resumes when the child execution ended; fails when it failed. `detach` goes on at once with `{ executionId }`.
   * `distribute` queues the child for any worker that has a place; otherwise this one runs it.
   */
  execution(
    target: WorkflowDefinition | string,
    options?: {
      readonly input?: unknown;
      readonly version?: number;
      readonly detach?: boolean;
      readonly distribute?: boolean;
    },
  ): Wait;
}

/** What cannot work fails the node at once: a wait until no instant would park it for ever. */
export const waitFactory: WaitFactory = Object.freeze({
  delay: (delayMs: number): Wait =>
    ({ [WAIT]: true, kind: "delay", delayMs: Math.max(0, requireSpan("delayMs", delayMs)) }) as const,
  signal(name: string, options: { readonly timeoutMs?: number } = {}): Wait {
    if (typeof name !== "string" || name === "") throw refuse("the name of a signal must be a text that is not empty.");
    if (options.timeoutMs !== undefined) requireSpan("timeoutMs", options.timeoutMs);
    return { [WAIT]: true, kind: "signal", name, ...options };
  },
  approval(options: Parameters<WaitFactory["approval"]>[0]): Wait {
    const { quorum = 1, deadlineMs } = options;
    if (!Number.isSafeInteger(quorum) || quorum < 1) throw refuse("quorum must be an integer of at least 1.");
    if (deadlineMs !== undefined) requireSpan("deadlineMs", deadlineMs);
    return { [WAIT]: true, kind: "approval", ...options, quorum };
  },
  execution: (target: WorkflowDefinition | string, options: Parameters<WaitFactory["execution"]>[1] = {}): Wait =>
    ({ [WAIT]: true, kind: "execution", target, detach: false, distribute: false, ...options }) as const,
});

function requireSpan(name: string, spanMs: unknown): number {
  if (typeof spanMs === "number" && spanMs <= MAX_WAIT_MS) return spanMs;
  throw refuse(`${name} must be a finite number of milliseconds, not ${String(spanMs)}.`);
}

function refuse(message: string): FatalNodeError {
  return new FatalNodeError(`This cannot be waited for: ${message}`, { code: "invalid_input" });
}

export function isWait(value: unknown): value is Wait {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[WAIT] === true;
}
