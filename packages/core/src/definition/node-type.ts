import type { z } from "zod";
import type { NodeContext } from "./node-context.js";
import type { Wait, WaitOutcome } from "./wait.js";
import type { Effects } from "./workflow-definition.js";

/** What a node returns: an output, a {@link Wait} to be parked, or nothing beside `ctx.emit`. */
export type NodeReturn = unknown | Wait;

/** Answer of `verify` about a `once` node whose outcome is unknown. */
export type VerifyAnswer =
  | { readonly done: true; readonly output: unknown }
  | { readonly notDone: true }
  | { readonly unknown: true };

/** Where a node type stands among its sisters; `trigger` makes it an entry. */
export type NodeCategory =
  | "trigger"
  | "flow"
  | "data"
  | "code"
  | "io"
  | "ai"
  | "knowledge"
  | "tools"
  | "business"
  | "integration"
  | (string & {});

/** A node type as a plugin author declares it. */
export interface NodeTypeDeclaration<Parameters extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly type: string;
  /** Positive integer, default 1. */
  readonly version?: number;
  readonly aliases?: readonly string[];
  readonly label?: string;
  readonly description?: string;
  readonly category?: NodeCategory;
  /** Default `idempotent`. */
  readonly effects?: Effects | ((parameters: z.output<Parameters>) => Effects);
  /** Schema of the parameters; a function is called at first use, which keeps imports light. */
  readonly parameters?: Parameters | (() => Parameters);
  readonly output?: Output | (() => Output);
  /** Ports besides `error`; default `["default"]`. A function answers from the parameters as written. */
  readonly ports?: readonly string[] | ((parameters: Readonly<Record<string, unknown>>) => readonly string[]);
  readonly credentials?: readonly string[];
  readonly permissions?: readonly ("net" | "fs" | "env" | "exec" | "credentials")[];
  /** Parameters that are definitions: validated as such, compiled once, never templates of this scope. */
  readonly bodies?: readonly string[];
  /** Parameters read through `ctx.evaluate`, per item or per turn. Text without `{{` is an expression. */
  readonly deferred?: readonly string[];
  /**
   * Brings the parameters as written into the form that is checked and compiled, such as braces around an expression that
   * was written without. Pure; takes anything and never throws.
   */
  readonly rewrite?: (parameters: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** True for containers: the node holds no concurrency slot while it runs. */
  readonly container?: boolean;
  /** Says why these parameters would never end (`unbounded_loop`), or nothing. */
  readonly unbounded?: (parameters: Readonly<Record<string, unknown>>) => string | undefined;
  readonly tags?: readonly string[];
  /** What an agent is told where a node of this type is one of its tools; the type's own name and description by default. */
  readonly tool?: {
    /** Up to 64 letters, digits, `_` and `-`. */
    readonly name?: string;
    readonly description?: string;
    /** True: people approve each call, unless the workflow says otherwise. */
    readonly risky?: boolean;
  };
  /** Parameters and input of a run that a test executes and the docs show. */
  readonly example?: {
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly input?: unknown;
    readonly output?: unknown;
  };
  /** This type as it is in an engine with these packs, for one that runs what packs bring beside nodes. */
  readonly withPacks?: (packs: readonly NodePack[]) => NodeType;
  /** A pure step from an older version's parameters to this one's. */
  readonly migrate?: (parameters: Readonly<Record<string, unknown>>, from: number) => Record<string, unknown>;
  readonly onUnknown?: "park" | "fail";
  execute(ctx: NodeContext<z.output<Parameters>>): NodeReturn | Promise<NodeReturn>;
  /** Turns the outcome of a wait into the output, or into another wait. */
  resume?(ctx: NodeContext<z.output<Parameters>>, outcome: WaitOutcome): NodeReturn | Promise<NodeReturn>;
  /** Answers whether an attempt of a `once` node took place. */
  verify?(ctx: NodeContext<z.output<Parameters>>): VerifyAnswer | Promise<VerifyAnswer>;
}

export const NODE_TYPE: unique symbol = Symbol.for("automatrix.nodeType");

/** A declared node type, frozen and with its defaults filled in. Made by {@link defineNode}. */
export interface NodeType<
  Type extends string = string,
  Parameters extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
  Port extends string = string,
> extends Omit<
    NodeTypeDeclaration<Parameters, Output>,
    "type" | "version" | "parameters" | "output" | "execute" | "resume" | "verify" | "effects"
  > {
  readonly [NODE_TYPE]: true;
  readonly type: Type;
  readonly version: number;
  readonly label: string;
  readonly category: NodeCategory;
  // biome-ignore lint/suspicious/noExplicitAny: a registry holds node types of every parameter type at once
  readonly effects: Effects | ((parameters: any) => Effects);
  /** Built at first use; undefined when the type takes anything. */
  readonly parameterSchema: Parameters | undefined;
  readonly outputSchema: Output | undefined;
  /** Only for the type checker: the ports as a union. */
  readonly $ports?: Port;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  execute(ctx: NodeContext<any>): NodeReturn | Promise<NodeReturn>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  resume?(ctx: NodeContext<any>, outcome: WaitOutcome): NodeReturn | Promise<NodeReturn>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  verify?(ctx: NodeContext<any>): VerifyAnswer | Promise<VerifyAnswer>;
}

/** A named set of node types that a host loads. */
export interface NodePack {
  readonly name: string;
  readonly nodes: readonly NodeType[];
  readonly integrations?: readonly unknown[];
  readonly functions?: Readonly<Record<string, (...values: never[]) => unknown>>;
}

export const DEFAULT_PORT = "default";
export const ERROR_PORT = "error";
/** Of a wait whose time is over. */
export const TIMED_OUT_PORT = "timed_out";
