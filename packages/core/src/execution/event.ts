import type { ErrorRecord, NodeRecord } from "../ports/execution-record.js";
import type { Retryability } from "./retry-policy.js";

/** What can happen to a scope. */
export type ScopeEvent =
  | { readonly type: "begin"; readonly trigger?: number | undefined }
  /** A result of an earlier run is taken over. Sent in topological order, what was cancelled first, before `begin`. */
  | { readonly type: "restored"; readonly record: NodeRecord; readonly node: number }
  /** An earlier worker's decision of an `any` or `quorum` join is taken over. Sent before anything is restored. */
  | { readonly type: "decided"; readonly node: number; readonly edges: readonly number[] }
  /** An earlier worker left it under way. With `error` when it waited for its next attempt. Sent before `begin`. */
  | {
      readonly type: "begun";
      readonly node: number;
      /** Attempts that have ended. */
      readonly attempts: number;
      readonly error?: ErrorRecord | undefined;
    }
  /** With `attempts` (begun, this one included) when an earlier worker had begun it. */
  | { readonly type: "started"; readonly node: number; readonly attempts?: number }
  | {
      readonly type: "completed";
      readonly node: number;
      readonly output: unknown;
      /** Port emitted; a list when there were several and `output` is an object by port. */
      readonly port: string | readonly string[];
      readonly variables?: Readonly<Record<string, unknown>> | undefined;
    }
  | {
      readonly type: "attempt_failed";
      readonly node: number;
      readonly attempt: number;
      readonly error: ErrorRecord;
      readonly retryability: Retryability;
      readonly retryAfterMs: number | undefined;
      /** In [0, 1): chance comes from outside. */
      readonly random: number;
    }
  /** It was between two attempts when its worker died. */
  | { readonly type: "retry_restored"; readonly node: number; readonly attempts: number; readonly error: ErrorRecord }
  | { readonly type: "retry_due"; readonly node: number }
  /** With `attempts` when an earlier worker parked it. */
  | { readonly type: "parked"; readonly node: number; readonly attempts?: number }
  /** What it waited for came, and its type wants to say what follows. With `attempts` when a further one begins. */
  | { readonly type: "resumed"; readonly node: number; readonly attempts?: number }
  | { readonly type: "node_cancelled"; readonly node: number }
  /** The scope around it failed: finish what runs, start nothing. */
  | { readonly type: "drain" }
  /** Cancel or timeout: end now, without cleanup. */
  | { readonly type: "stop" };
