import type { BlobStore } from "../ports/blob-store.js";
import type { Cache } from "../ports/cache.js";
import type { Clock } from "../ports/clock.js";
import type { StorageTransaction } from "../ports/execution-commit.js";
import type { Logger } from "../ports/logger.js";
import type { Random } from "../ports/random.js";
import type { WaitFactory } from "./wait.js";
import type { WorkflowDefinition } from "./workflow-definition.js";

/** What a node sees of the execution it runs in. */
export interface ExecutionInfo {
  readonly id: string;
  readonly workflowId: string | null;
  readonly workflowName: string | null;
  readonly workflowVersion: number | null;
  readonly tenant: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly priority: number;
}

/** How a body is run by {@link NodeContext.runBody}. */
export interface RunBodyOptions {
  /** Variables that the body sees besides those of its container (`item`, `index`, …). */
  readonly variables?: Readonly<Record<string, unknown>>;
  /** What the body sees as `trigger`; what its container sees when left out. */
  readonly trigger?: unknown;
  /** Receives the variables that the body set, once it completed. */
  readonly onVariables?: (variables: Readonly<Record<string, unknown>>) => void;
  /** True: runs after a failure too (`finally`), within `cleanupTimeoutMs`. */
  readonly cleanup?: boolean;
}

/** Everything a node may use. One object per attempt; nothing of it is valid after the attempt. */
export interface NodeContext<Parameters = Readonly<Record<string, unknown>>> {
  /** Parameters with their expressions resolved, checked by the node type's schema. */
  readonly parameters: Parameters;
  /** Output of the one live edge, or the merge of several. JSON, frozen. */
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the upstream node's; `unknown` would make every node cast
  readonly input: any;
  /** Output of each live edge by target handle or source id. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The same as a list in edge order; of several outputs with one name `inputs` has the last, the list all. */
  readonly inputList: readonly (readonly [name: string, value: unknown])[];
  /** Results so far by node id: `{ output }`; null output when skipped. */
  readonly nodes: Readonly<Record<string, { readonly output: unknown }>>;
  readonly vars: Readonly<Record<string, unknown>>;
  /** The execution's input. */
  readonly trigger: unknown;
  readonly execution: ExecutionInfo;
  /** Id in its own definition. */
  readonly nodeId: string;
  /** Scope path, such as `loop[0]/ask`. */
  readonly nodePath: string;
  /** 1-based. */
  readonly attempt: number;
  /** Unique per start of the node's function. */
  readonly attemptId: string;
  /** Stable across attempts and crashes: hand it to the target. Visible ASCII, so that it fits into a header. */
  readonly idempotencyKey: string;
  /** Aborts on cancel, timeout, shutdown. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly wait: WaitFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly blobs: BlobStore;
  readonly cache: Cache;
  /**
   * Guarded fetch; wired by the host (see the network options). Refused with `permission_denied` to a type whose
   * `permissions` leave `net` out. What may change something is sent with an `Idempotency-Key`, unless it has one.
   */
  readonly http: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** Reports progress: a fraction from 0 to 1. Not journaled. */
  progress(fraction: number, message?: string): void;
  /** Passes a chunk (a token, a line) to listeners at once. Not journaled. */
  stream(chunk: unknown): void;
  /**
   * The credential of that name. Its values are masked in all that leaves the nodes of this execution. Only for node types
   * that declare `credentials`, or the permission.
   */
  credentials(name: string): Promise<Readonly<Record<string, unknown>>>;
  /** Records the value of `run` durably; a rerun or a later attempt answers from the record. */
  step<Value>(name: string, run: () => Value | Promise<Value>): Promise<Value>;
  /**
   * Runs `run` in the storage's transaction that also writes this node's result: both are durable together, or neither
   * is. Only for node types with `effects: "transactional"`, once an attempt, on SQLite and Postgres. Resolves to what
   * `run` returned while the transaction is still open: it ends when the node's function returns, and after 5 s at the
   * latest; on SQLite everything else waits meanwhile, so do slow work before. `ctx.step` and `ctx.runBody` are refused
   * while it is open. Whatever throws rolls it back and fails the attempt.
   */
  transaction<Value>(run: (transaction: StorageTransaction) => Value | Promise<Value>): Promise<Value>;
  /** Sets variables for everything downstream. Takes effect when the node completes, also after a wait. */
  setVariables(variables: Readonly<Record<string, unknown>>): void;
  /**
   * Emits on a port when the node completes. What was emitted before a returned wait is dropped: the outcome of the
   * wait, or `resume`, decides on the port.
   */
  emit(port: string, value: unknown): void;
  /** Evaluates a parameter that the node type declared as deferred; `extra` adds names such as `item`. */
  evaluate(parameter: string, extra?: Readonly<Record<string, unknown>>): unknown;
  /** Runs a body; resolves to its output, answers from the journal when the key has finished. */
  runBody(definition: WorkflowDefinition, input: unknown, key: string, options?: RunBodyOptions): Promise<unknown>;
}
