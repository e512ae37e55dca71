import assert from "node:assert/strict";
import { z } from "zod";
import type { NodeType } from "../../definition/node-type.js";
import { AutomatrixError } from "../../errors/errors.js";
import type { ConformanceCase } from "../storage-conformance/storage-conformance.js";
import type { TestEngineOptions } from "../test-engine.js";
import { type TestNodeResult, testNode } from "../test-node.js";
import { runAborted } from "./abort-run.js";
import { SECRET, secretCredentials, tellingHttp } from "./secret-probe.js";

/** A run of the node where its example does not say enough, or needs more than it has. */
export interface NodeConformanceOptions {
  /** In place of those of the example. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly input?: unknown;
  readonly credentials?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Options of the engine that runs it, such as `http` or further `nodes`. */
  readonly engine?: Omit<TestEngineOptions, "storage">;
  /** Of a test runner: given both, every case is registered. */
  readonly describe?: (name: string, register: () => void) => unknown;
  readonly it?: (name: string, run: () => Promise<void>) => unknown;
}

/** Long enough for what a node waits for in its example: a delay, a retry. */
const ADVANCE = "1h";

/**
 * What every node type owes: it says what it is, describes and checks its parameters, gives what it promises, stops when
 * told to, declares what it uses, and lets no secret out.
 *
 * ```ts
 * import { describe, it } from "vitest";
 * conformance(shout, { describe, it });
 * ```
 */
export function conformance(node: NodeType, options: NodeConformanceOptions = {}): readonly ConformanceCase[] {
  const cases = CHECKS.map(({ name, check }) => ({
    group: node.type,
    name,
    run: async () => check(node, options),
  }));
  const { describe, it } = options;
  if (describe !== undefined && it !== undefined)
    describe(node.type, () => {
      for (const { name, run } of cases) it(name, run);
    });
  return cases;
}

interface Check {
  readonly name: string;
  readonly check: (node: NodeType, options: NodeConformanceOptions) => void | Promise<void>;
}

const CHECKS: readonly Check[] = [
  { name: "says what it is", check: checkWords },
  { name: "describes every parameter", check: checkDescriptions },
  { name: "has an example that it accepts", check: checkExample },
  { name: "gives in its example what it promises", check: checkOutput },
  { name: "refuses wrong parameters", check: checkWrongParameters },
  { name: "stops when it is told to", check: checkAbort },
  { name: "declares what it uses", check: checkPermissions },
  { name: "lets no secret out", check: checkSecrets },
];

function checkWords(node: NodeType): void {
  assert.notEqual(node.label, node.type, `${node.type} needs a label for people`);
  assert.ok(node.description, `${node.type} needs a description`);
  assert.ok(node.category, `${node.type} needs a category`);
}

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

function parametersOf(node: NodeType): Readonly<Record<string, JsonSchema>> {
  if (node.parameterSchema === undefined) return {};
  return (z.toJSONSchema(node.parameterSchema, { io: "input", unrepresentable: "any" }) as JsonSchema).properties ?? {};
}

function checkDescriptions(node: NodeType): void {
  const missing = Object.entries(parametersOf(node)).flatMap(([name, { description }]) =>
    description === undefined ? [name] : [],
  );
  assert.deepEqual(missing, [], `parameters of ${node.type} need .describe()`);
}

function checkExample(node: NodeType): void {
  const { example, parameterSchema } = node;
  assert.ok(example, `${node.type} needs an example`);
  const isTemplated = JSON.stringify(example.parameters).includes("{{");
  const parsed = isTemplated ? undefined : parameterSchema?.safeParse(example.parameters);
  assert.deepEqual(parsed?.error?.issues ?? [], [], `${node.type} refuses the parameters of its own example`);
}

function runNode(node: NodeType, options: NodeConformanceOptions): Promise<TestNodeResult> {
  const { parameters = node.example?.parameters ?? {}, input = node.example?.input, credentials = {} } = options;
  return testNode(node)
    .parameters(parameters)
    .input(input ?? {})
    .credentials(credentials)
    .engine(options.engine ?? {})
    .advance(ADVANCE)
    .run();
}

/** Without an output in the example and without a run of its own, there is nothing to compare. */
async function checkOutput(node: NodeType, options: NodeConformanceOptions): Promise<void> {
  const hasOwnRun = options.parameters !== undefined;
  if (!hasOwnRun && node.example?.output === undefined) return;
  const result = await runNode(node, options);
  assert.equal(result.status, "completed", result.error?.message);
  assert.deepEqual(node.outputSchema?.safeParse(result.output).error?.issues ?? [], []);
  if (!hasOwnRun) assert.deepEqual(result.output, node.example?.output);
}

async function checkWrongParameters(node: NodeType, options: NodeConformanceOptions): Promise<void> {
  for (const name of Object.keys(parametersOf(node))) {
    const right = options.parameters ?? node.example?.parameters ?? {};
    const parameters = { ...right, [name]: { "not what it takes": [null] } };
    if (node.parameterSchema?.safeParse(parameters).success !== false) continue;
    const code = await codeOf(runNode(node, { ...options, parameters }));
    assert.ok(code !== undefined && code !== "internal", `${node.type} took a wrong ${name}, or broke on it: ${code}`);
  }
}

/** Why it failed, in the run or before it; undefined when it did not. */
async function codeOf(run: Promise<TestNodeResult>): Promise<string | undefined> {
  try {
    const { status, error } = await run;
    return status === "completed" ? undefined : (error?.code ?? status);
  } catch (error) {
    return AutomatrixError.is(error) ? error.code : "internal";
  }
}

async function checkAbort(node: NodeType, options: NodeConformanceOptions): Promise<void> {
  const isStopped = await runAborted(node, {
    parameters: options.parameters ?? node.example?.parameters ?? {},
    input: options.input ?? node.example?.input ?? {},
    credentials: options.credentials ?? {},
    engine: options.engine ?? {},
  });
  assert.ok(isStopped, `${node.type} goes on after ctx.signal: hand it to everything that waits`);
}

async function checkPermissions(node: NodeType, options: NodeConformanceOptions): Promise<void> {
  const { permissions = [], credentials = [] } = node;
  const http = tellingHttp();
  const secrets = secretCredentials();
  await runNode(node, { ...options, engine: { ...options.engine, http: http.fetch, secrets: secrets.store } });
  if (http.calls > 0) assert.ok(permissions.includes("net"), `${node.type} uses ctx.http: permissions needs "net"`);
  if (secrets.reads > 0)
    assert.ok(
      credentials.length > 0 || permissions.includes("credentials"),
      `${node.type} uses ctx.credentials: declare \`credentials\` or the permission "credentials"`,
    );
}

/** Its server tells everything that it was sent, as a careless or hostile one would. */
async function checkSecrets(node: NodeType, options: NodeConformanceOptions): Promise<void> {
  const engine = { ...options.engine, http: tellingHttp().fetch, secrets: secretCredentials().store };
  const { output, error, logs, events, variables } = await runNode(node, { ...options, engine });
  const told = { output, error, logs, events, variables };
  for (const [place, value] of Object.entries(told))
    assert.ok(!JSON.stringify(value ?? null).includes(SECRET), `${node.type} lets a secret out in its ${place}`);
}
