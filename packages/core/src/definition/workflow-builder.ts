import type { z } from "zod";
import { ConfigurationError } from "../errors/errors.js";
import { toPlainJson } from "../shared/plain-json.js";
import type { NodeType } from "./node-type.js";
import type { EdgeDefinition, NodeDefinition, WorkflowDefinition, WorkflowSettings } from "./workflow-definition.js";

/** Text with an expression, which may stand for any value. */
export type Template = `${string}{{${string}}}${string}`;

/** A value in which any part may be written as an expression. */
export type Templated<Value> = unknown extends Value
  ? Value
  : Value extends string | number | boolean | bigint | null | undefined
    ? Value | Template
    : Value extends WorkflowDefinition
      ? Value
      : Value extends (...values: never[]) => unknown
        ? Value
        : { [Key in keyof Value]: Templated<Value[Key]> } | Template;

/** Parameters of a node as its definition holds them: the input of the node type's schema, or expressions. */
export type NodeParameters<Type extends NodeType> = { readonly label?: string } & ParameterFields<
  z.input<NonNullable<Type["parameterSchema"]>>
>;

type ParameterFields<Input> = unknown extends Input
  ? Readonly<Record<string, unknown>>
  : { [Key in keyof Input]: Templated<Input[Key]> };

/** What a node may have besides its parameters. */
export type NodeOptions = Pick<
  NodeDefinition,
  "version" | "join" | "retry" | "attemptTimeoutMs" | "timeoutMs" | "onError" | "effects" | "disabled" | "position"
>;

/** Which port an edge leaves, and under which name its value arrives. */
export interface EdgeOptions<Port extends string = string> {
  /** Port of the source; `default` when left out. */
  readonly port?: Port;
  /** Key in the target's `inputs`; the source's id when left out. */
  readonly handle?: string;
}

type NewId<Id extends string, Nodes> = string extends keyof Nodes
  ? unknown
  : Id extends keyof Nodes
    ? { readonly error: `The node id "${Id}" is taken` }
    : unknown;
type PortOfNode<Type> = Type extends NodeType ? NonNullable<Type["$ports"]> | "error" : never;
type ParameterArguments<Type extends NodeType> =
  Record<never, never> extends NodeParameters<Type>
    ? [parameters?: NodeParameters<Type>, options?: NodeOptions]
    : [parameters: NodeParameters<Type>, options?: NodeOptions];

/** What {@link defineWorkflow} has gathered. Immutable: every step returns a new builder. It is a definition itself. */
export interface WorkflowBuilder<Nodes = Record<never, never>> extends WorkflowDefinition {
  readonly name: string;
  readonly nodes: readonly NodeDefinition[];
  readonly edges: readonly EdgeDefinition[];
  /**
   * Adds a node. Its parameters are those of the node type, and each may be an expression.
   *
   * @param id - new in this workflow
   * @throws ConfigurationError `invalid_configuration` when a parameter is not JSON
   */
  node<const Id extends string, Type extends NodeType>(
    id: Id & NewId<Id, Nodes>,
    type: Type,
    ...rest: ParameterArguments<Type>
  ): WorkflowBuilder<Nodes & { readonly [Key in Id]: Type }>;
  /** Adds an edge between two nodes that were added before; it leaves `options.port`, or else `default`. */
  edge<const Source extends keyof Nodes & string>(
    source: Source,
    target: keyof Nodes & string,
    options?: EdgeOptions<PortOfNode<Nodes[Source]>>,
  ): WorkflowBuilder<Nodes>;
  /** The settings so far. Called, it adds to them; a later value replaces an earlier one of the same name. */
  readonly settings: WorkflowSettings & ((settings: WorkflowSettings) => WorkflowBuilder<Nodes>);
  /** The definition as plain, deeply frozen JSON. */
  build(): WorkflowDefinition;
  /** Same as {@link WorkflowBuilder.build}: `JSON.stringify` writes the definition. */
  toJSON(): WorkflowDefinition;
}

/**
 * Begins a workflow in code. Node ids, ports and parameters are checked by the compiler; what comes out is the same
 * JSON that an editor or a file would hold.
 *
 * ```ts
 * const definition = defineWorkflow("greet")
 *   .node("start", start)
 *   .node("hello", shout, { text: "Hello {{name}}" }, { timeoutMs: 1000 })
 *   .edge("start", "hello")
 *   .build();
 * ```
 * @throws ConfigurationError `invalid_configuration` when a parameter or setting is not JSON
 */
export function defineWorkflow(name: string): WorkflowBuilder {
  return createBuilder({ name, nodes: [], edges: [], settings: undefined });
}

interface Gathered {
  readonly name: string;
  readonly nodes: readonly NodeDefinition[];
  readonly edges: readonly EdgeDefinition[];
  readonly settings: WorkflowSettings | undefined;
}

function createBuilder(gathered: Gathered): WorkflowBuilder {
  // The types of the nodes are known to the compiler alone.
  return new Builder(gathered) as unknown as WorkflowBuilder;
}

/** Steps live on the prototype, so that only what belongs to the definition is enumerable. */
class Builder {
  readonly name: string;
  readonly nodes: readonly NodeDefinition[];
  readonly edges: readonly EdgeDefinition[];
  readonly settings: WorkflowSettings;
  readonly #gathered: Gathered;

  constructor(gathered: Gathered) {
    this.#gathered = gathered;
    this.name = gathered.name;
    this.nodes = gathered.nodes;
    this.edges = gathered.edges;
    this.settings = callableSettings(gathered);
    Object.freeze(this);
  }

  node(
    id: string,
    type: NodeType,
    parameters: Readonly<Record<string, unknown>> = {},
    options: NodeOptions = {},
  ): WorkflowBuilder {
    const version = type.version === 1 ? {} : { version: type.version };
    const node = toJson(
      { id, type: type.type, ...version, data: parameters, ...options },
      `node "${id}"`,
    ) as NodeDefinition;
    return createBuilder({ ...this.#gathered, nodes: Object.freeze([...this.nodes, node]) });
  }

  edge(source: string, target: string, { port, handle }: EdgeOptions = {}): WorkflowBuilder {
    const edge = toJson(
      { source, target, sourceHandle: port, targetHandle: handle },
      `edge from "${source}"`,
    ) as EdgeDefinition;
    return createBuilder({ ...this.#gathered, edges: Object.freeze([...this.edges, edge]) });
  }

  build(): WorkflowDefinition {
    const { name, nodes, edges, settings } = this.#gathered;
    return Object.freeze({ name, nodes, edges, ...(settings === undefined ? {} : { settings }) });
  }

  toJSON(): WorkflowDefinition {
    return this.build();
  }
}

/** A function that carries the settings, so that the builder has both: settings to read and a step that adds some. */
function callableSettings(gathered: Gathered): WorkflowSettings {
  const add = (settings: WorkflowSettings): WorkflowBuilder =>
    createBuilder({
      ...gathered,
      settings: toJson({ ...gathered.settings, ...settings }, "settings") as WorkflowSettings,
    });
  return Object.defineProperties(
    add,
    Object.getOwnPropertyDescriptors(gathered.settings ?? {}),
  ) as unknown as WorkflowSettings;
}

function toJson(value: unknown, what: string): unknown {
  try {
    return toPlainJson(value, { maxBytes: Number.POSITIVE_INFINITY });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : "it cannot be read.";
    throw new ConfigurationError("invalid_configuration", `Workflow builder, ${what}: ${reason}`, { cause });
  }
}
