import type { WorkflowDefinition } from "./workflow-definition.js";

const WAIT = Symbol.for("automatrix.wait");

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
  /** Resumes when the child execution ended; fails when it failed. `detach` goes on at once with `{ executionId }`. */
  execution(
    target: WorkflowDefinition | string,
    options?: { readonly input?: unknown; readonly version?: number; readonly detach?: boolean },
  ): Wait;
}

export const waitFactory: WaitFactory = Object.freeze({
  delay: (delayMs: number): Wait => ({ [WAIT]: true, kind: "delay", delayMs: Math.max(0, delayMs) }) as const,
  signal: (name: string, options: { readonly timeoutMs?: number } = {}): Wait =>
    ({ [WAIT]: true, kind: "signal", name, ...options }) as const,
  approval: (options: Parameters<WaitFactory["approval"]>[0]): Wait =>
    ({ [WAIT]: true, kind: "approval", quorum: 1, ...options }) as const,
  execution: (target: WorkflowDefinition | string, options: Parameters<WaitFactory["execution"]>[1] = {}): Wait =>
    ({ [WAIT]: true, kind: "execution", target, detach: false, ...options }) as const,
});

export function isWait(value: unknown): value is Wait {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[WAIT] === true;
}
