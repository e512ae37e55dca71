import { hashDefinition } from "../../definition/definition-hash.js";
import type { Issue } from "../../definition/issue.js";
import type { Limits } from "../../definition/limits.js";
import type { NodeRegistry } from "../../definition/node-registry.js";
import type { WorkflowDefinition } from "../../definition/workflow-definition.js";
import { DefinitionError } from "../../errors/errors.js";
import { compilePlan, type ExecutionPlan } from "../../execution/plan.js";
import type { FunctionTable } from "../../expressions/functions/function-table.js";
import { toPlainJson } from "../../shared/plain-json.js";
import { validateDefinition } from "../../validation/validate-definition.js";

/** Plans kept for definitions that come again. */
const MAX_CACHED_PLANS = 200;

const PREPARED = Symbol.for("automatrix.prepared");

/** A definition validated, compiled and frozen; `execute` and `run` take it without looking at it again. */
export interface PreparedWorkflow {
  readonly [PREPARED]: true;
  readonly definition: WorkflowDefinition;
  /** Content hash that executions pin. */
  readonly hash: string;
  readonly warnings: readonly Issue[];
  /** For the engine. */
  readonly plan: ExecutionPlan;
}

export function isPrepared(value: unknown): value is PreparedWorkflow {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[PREPARED] === true;
}

/** Turns definitions into plans, once per content. */
export class WorkflowCompiler {
  readonly #registry: NodeRegistry;
  readonly #limits: Limits;
  readonly #functions: FunctionTable | undefined;
  readonly #byHash = new Map<string, PreparedWorkflow>();
  readonly #bodies = new WeakMap<object, ExecutionPlan>();

  constructor(params: {
    readonly registry: NodeRegistry;
    readonly limits: Limits;
    readonly functions: FunctionTable | undefined;
  }) {
    this.#registry = params.registry;
    this.#limits = params.limits;
    this.#functions = params.functions;
  }

  /** Functions that expressions may call beside the standard ones. */
  get functions(): FunctionTable | undefined {
    return this.#functions;
  }

  /** What was prepared lately and has this content hash. */
  find(hash: string): PreparedWorkflow | undefined {
    return this.#byHash.get(hash);
  }

  /** @throws DefinitionError with every issue */
  prepare(definition: unknown): PreparedWorkflow {
    if (isPrepared(definition)) return definition;
    const issues = validateDefinition(definition, {
      nodes: this.#registry,
      limits: this.#limits,
      ...this.#withFunctions(),
    });
    const errors = issues.filter(({ severity }) => severity === "error");
    if (errors.length > 0) throw new DefinitionError(toMessage(definition, errors), issues);
    const copy = toPlainJson(definition, { maxBytes: Number.POSITIVE_INFINITY }) as WorkflowDefinition;
    const hash = hashDefinition(copy);
    const known = this.#byHash.get(hash);
    if (known !== undefined) return known;
    const prepared: PreparedWorkflow = Object.freeze({
      [PREPARED]: true as const,
      definition: copy,
      hash,
      warnings: Object.freeze(issues),
      plan: this.#plan(copy),
    });
    this.#byHash.set(hash, prepared);
    if (this.#byHash.size > MAX_CACHED_PLANS) this.#byHash.delete(this.#byHash.keys().next().value as string);
    return prepared;
  }

  /** A definition with the node-type versions that an execution pinned; `missing` names those that are not there. */
  preparePinned(
    { hash, definition }: { readonly hash: string; readonly definition: WorkflowDefinition },
    pinned: Readonly<Record<string, number>>,
  ): PreparedWorkflow | { readonly missing: string } {
    const types = Object.entries(pinned);
    const missing = types.find(([type, version]) => this.#registry.get(type, version) === undefined);
    if (missing !== undefined) return { missing: `${missing[0]}@${missing[1]}` };
    const prepared = this.find(hash) ?? this.prepare(definition);
    if (types.every(([type, version]) => this.#registry.get(type)?.version === version)) return prepared;
    const plan = compilePlan(prepared.definition, {
      registry: this.#registry,
      limits: this.#limits,
      functions: this.#functions,
      pinned,
    });
    return Object.freeze({ ...prepared, plan });
  }

  /** The plan of a body given at run time. */
  planBody(definition: WorkflowDefinition): ExecutionPlan {
    const known = this.#bodies.get(definition);
    if (known !== undefined) return known;
    const { plan } = this.prepare(definition);
    this.#bodies.set(definition, plan);
    return plan;
  }

  #plan(definition: WorkflowDefinition): ExecutionPlan {
    return compilePlan(definition, { registry: this.#registry, limits: this.#limits, functions: this.#functions });
  }

  #withFunctions() {
    return this.#functions === undefined ? {} : { functions: this.#functions };
  }
}

function toMessage(definition: unknown, errors: readonly Issue[]): string {
  const name = (definition as { name?: unknown } | null)?.name;
  const title = typeof name === "string" ? `Workflow "${name.slice(0, 100)}"` : "The workflow";
  const shown = errors.slice(0, 5).map(({ code, path, message }) => `${code} at ${path || "/"}: ${message}`);
  const more = errors.length > 5 ? ` … and ${errors.length - 5} more` : "";
  return `${title} cannot run: ${shown.join("; ")}${more}`;
}
