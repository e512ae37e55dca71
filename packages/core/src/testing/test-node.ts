import type { NodeType } from "../definition/node-type.js";
import type { NodeDefinition } from "../definition/workflow-definition.js";
import type { ExecutionEvent } from "../events/event.js";
import type { ErrorRecord } from "../ports/execution-record.js";
import type { Logger } from "../ports/logger.js";
import { type TestEngine, type TestEngineOptions, testEngine } from "./test-engine.js";

const NODE_ID = "node";
const ONE_ATTEMPT = { maxAttempts: 1 } as const;

/** What became of a node under test. */
export interface TestNodeResult {
  /** `waiting` when the node was parked and the time given did not resume it. */
  readonly status: "completed" | "failed" | "cancelled" | "waiting";
  /** Value of the port emitted; null when there is none. */
  readonly output: unknown;
  /** Port emitted; a list when there were several and `output` is an object by port. */
  readonly port?: string | readonly string[];
  readonly error?: ErrorRecord;
  readonly attempts: number;
  readonly logs: readonly {
    readonly level: keyof Logger;
    readonly message: string;
    readonly fields: Readonly<Record<string, unknown>>;
  }[];
  /** Every event of the execution, live ones included. */
  readonly events: readonly ExecutionEvent[];
  /** Variables that the node set. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** How a node under test is run; each call answers with a further builder. */
export interface TestNodeBuilder {
  /** Parameters as an author writes them, expressions included. */
  parameters(parameters: Readonly<Record<string, unknown>>): TestNodeBuilder;
  input(input: unknown): TestNodeBuilder;
  /** Credentials by name. */
  credentials(credentials: Readonly<Record<string, Readonly<Record<string, unknown>>>>): TestNodeBuilder;
  /** Other settings of the node. Without a `retry` among them there is one attempt; the delays of one pass by themselves. */
  settings(settings: Partial<Omit<NodeDefinition, "id" | "type" | "data">>): TestNodeBuilder;
  /** Options of the engine, such as `http` or further `nodes` for bodies. */
  engine(options: Omit<TestEngineOptions, "storage">): TestNodeBuilder;
  /** Time that passes once the node has begun. */
  advance(duration: number | string): TestNodeBuilder;
  run(): Promise<TestNodeResult>;
}

interface Setup {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly input?: unknown;
  readonly credentials: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly settings: Partial<Omit<NodeDefinition, "id" | "type" | "data">>;
  readonly engine: Omit<TestEngineOptions, "storage">;
  readonly advance?: number | string;
}

/**
 * Runs one node in an engine of its own.
 *
 * ```ts
 * const { output } = await testNode(shout).parameters({ text: "{{ input.word }}" }).input({ word: "hey" }).run();
 * ```
 */
export function testNode(node: NodeType): TestNodeBuilder {
  return builder(node, { parameters: {}, credentials: {}, settings: {}, engine: {} });
}

function builder(node: NodeType, setup: Setup): TestNodeBuilder {
  const withPart = (part: Partial<Setup>) => builder(node, { ...setup, ...part });
  return Object.freeze({
    parameters: (parameters: Setup["parameters"]) => withPart({ parameters }),
    input: (input: unknown) => withPart({ input }),
    credentials: (credentials: Setup["credentials"]) => withPart({ credentials }),
    settings: (settings: Setup["settings"]) => withPart({ settings }),
    engine: (engine: Setup["engine"]) => withPart({ engine }),
    advance: (advance: number | string) => withPart({ advance }),
    run: () => runNode(node, setup),
  });
}

async function runNode(
  node: NodeType,
  { parameters, input, credentials, settings, engine: options, advance }: Setup,
): Promise<TestNodeResult> {
  await using engine = await testEngine({
    secrets: { get: async (name) => (Object.hasOwn(credentials, name) ? credentials[name] : undefined) },
    ...options,
    nodes: [...new Set([node, ...(options.nodes ?? [])])],
  });
  const events: ExecutionEvent[] = [];
  engine.on("*", (event) => events.push(event));
  const definition = {
    nodes: [
      {
        ...settings,
        retry: settings.retry ?? ONE_ATTEMPT,
        id: NODE_ID,
        type: node.type,
        version: node.version,
        data: parameters,
      },
    ],
  };
  const time = new PassingTime(engine);
  // Parked within the time given: what comes after that time tells.
  let isTimeGiven = advance === undefined;
  const parked = new Promise<undefined>((resolve, reject) => {
    engine.on("execution.waiting", () => isTimeGiven && resolve(undefined));
    engine.on("node.retry_scheduled", ({ data }) => void time.passUntil(data.nextAttemptAt).catch(reject));
  });
  parked.catch(() => {});
  const handle = await engine.execute(definition, { input });
  const result = handle.result();
  result.catch(() => {});
  await time.begin(advance);
  isTimeGiven = true;
  const isOpen = advance !== undefined && (await engine.getExecution(handle.id)).status === "waiting";
  const ended = isOpen ? undefined : await Promise.race([result, parked]);
  await engine.runUntilIdle();
  const record = (await engine.getNodeExecutions(handle.id)).find(({ path }) => path === NODE_ID);
  const error = ended?.error ?? record?.error;
  return {
    status: ended?.status ?? "waiting",
    output: record?.output ?? null,
    ...(record?.port === undefined ? {} : { port: record.port }),
    ...(error === undefined ? {} : { error }),
    attempts: record?.attempts ?? 0,
    logs: events.filter(({ type }) => type === "log").map(({ data }) => data),
    events: events.filter(({ executionId }) => executionId === handle.id),
    variables: record?.variables ?? {},
  };
}

/** The time of one test: first what the test gives, then what each retry waits for. */
class PassingTime {
  readonly #engine: TestEngine;
  #begin: () => void = () => {};
  #passed: Promise<void>;

  constructor(engine: TestEngine) {
    this.#engine = engine;
    this.#passed = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  async begin(duration: number | string | undefined): Promise<void> {
    try {
      if (duration !== undefined) await this.#engine.advance(duration);
    } finally {
      this.#begin();
    }
  }

  /** Waits its turn, for the clock can be moved by one at a time. */
  passUntil(instant: number): Promise<void> {
    this.#passed = this.#passed.then(() => this.#engine.advance(Math.max(0, instant - this.#engine.clock.now())));
    return this.#passed;
  }
}
