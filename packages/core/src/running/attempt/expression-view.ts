import type { ExpressionScope } from "../../expressions/expression-scope.js";
import type { AttemptContext } from "./attempt-context.js";

/** What expressions in a node's parameters can see. */
export class ExpressionView implements ExpressionScope {
  readonly #ctx: AttemptContext;
  readonly #extra: Readonly<Record<string, unknown>>;

  /** `input` and `vars` in `extra` stand in for the node's own. */
  constructor(ctx: AttemptContext, extra: Readonly<Record<string, unknown>> = {}) {
    this.#ctx = ctx;
    this.#extra = extra;
  }

  get input(): unknown {
    return Object.hasOwn(this.#extra, "input") ? this.#extra["input"] : this.#ctx.input;
  }
  get inputs(): unknown {
    return this.#ctx.inputs;
  }
  get vars(): unknown {
    return Object.hasOwn(this.#extra, "vars") ? this.#extra["vars"] : this.#ctx.vars;
  }
  get trigger(): unknown {
    return this.#ctx.trigger;
  }
  get execution(): unknown {
    return this.#ctx.execution;
  }
  get item(): unknown {
    return ownOrNull(this.#ctx.vars, "item");
  }
  get index(): unknown {
    return ownOrNull(this.#ctx.vars, "index");
  }
  get parameters(): unknown {
    return this.#ctx.resolvedParameters;
  }
  get nodes(): unknown {
    return this.#ctx.nodes;
  }
  node(id: string): unknown {
    return this.#ctx.nodeView(id);
  }
  now(): number {
    return this.#ctx.clock.now();
  }
  random(): number {
    return this.#ctx.random.next();
  }
  uuid(): string {
    return this.#ctx.newId();
  }
}

function ownOrNull(record: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : null;
}
