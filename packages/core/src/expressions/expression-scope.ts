/**
 * What an expression can see: the engine implements it for each activation. Getters may be lazy; each is read only
 * when the expression uses the name.
 */
export interface ExpressionScope {
  readonly input: unknown;
  readonly inputs: unknown;
  readonly vars: unknown;
  readonly trigger: unknown;
  readonly execution: unknown;
  readonly item: unknown;
  readonly index: unknown;
  readonly parameters: unknown;
  /** All visible nodes; read only when `nodes` is used other than as `nodes.<id>` or `nodes[id]`. */
  readonly nodes: unknown;
  /** `nodes.<id>`; undefined when the id is not visible, which an expression sees as null. */
  node(id: string): unknown;
  /** Milliseconds since 1970, from the engine's clock. */
  now(): number;
  /** A number from 0 (inclusive) to 1 (exclusive), from the engine's random source. */
  random(): number;
  /** A new universally unique identifier, from the engine's ids. */
  uuid(): string;
}

/** Names an expression adds to its scope; `item` and `index` in it replace those of the scope. */
export type ExtraNames = Readonly<Record<string, unknown>>;
