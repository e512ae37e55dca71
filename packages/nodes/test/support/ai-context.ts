import { AutomatrixError, type NodeContext } from "@automatrix/core";
import { memoryBlobStore, memoryCache } from "@automatrix/core/memory";
import { type TestClock, testClock } from "@automatrix/core/testing";

/** A line that a node logged. */
export interface LoggedLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface AiContextOptions {
  readonly credentials?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly tenant?: string | null;
  readonly executionId?: string;
  readonly clock?: TestClock;
  readonly signal?: AbortSignal;
  readonly cache?: NodeContext["cache"];
}

/** The part of a node's context that models use, with a real fetch. */
export interface AiContext {
  readonly ctx: NodeContext;
  readonly clock: TestClock;
  readonly logs: readonly LoggedLine[];
  readonly streamed: readonly unknown[];
}

export const TEST_KEY = "sk-test-0123456789abcdef";

const KEYS = { openai: { apiKey: TEST_KEY }, anthropic: { apiKey: TEST_KEY } };

export function aiContext(options: AiContextOptions = {}): AiContext {
  const { credentials = KEYS, tenant = null, executionId = "execution-1", clock = testClock() } = options;
  const logs: LoggedLine[] = [];
  const streamed: unknown[] = [];
  const log =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      logs.push({ level, message, fields });
    };
  const ctx = {
    execution: {
      id: executionId,
      tenant,
      workflowId: "workflow-1",
      workflowName: null,
      workflowVersion: null,
      metadata: {},
      startedAt: 0,
      priority: 0,
    },
    nodeId: "node",
    nodePath: "node",
    attempt: 1,
    idempotencyKey: `${executionId}:node`,
    signal: options.signal ?? new AbortController().signal,
    clock,
    logger: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    cache: options.cache ?? memoryCache(clock),
    blobs: memoryBlobStore(),
    http: (url: string | URL, init?: RequestInit) => fetch(url, init),
    stream: (chunk: unknown) => {
      streamed.push(chunk);
    },
    credentials: async (name: string) => {
      const found = Object.hasOwn(credentials, name) ? (credentials as Record<string, object>)[name] : undefined;
      if (found === undefined) throw new AutomatrixError("credential_not_found", `There is no credential "${name}".`);
      return found;
    },
    step: async (_name: string, run: () => unknown) => run(),
  };
  return { ctx: ctx as unknown as NodeContext, clock, logs, streamed };
}
