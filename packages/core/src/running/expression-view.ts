import type { ExpressionScope } from "../expressions/expression-scope.js";
import type { AttemptContext } from "./attempt-context.js";

/** What expressions in a node's parameters can see. */
export class ExpressionView implements ExpressionScope {
  readonly #ctx: AttemptContext;

  constructor(ctx: AttemptContext) {
    this.#ctx = ctx;
  }

  get input(): unknown {
    return this.#ctx.input;
  }
  get inputs(): unknown {
    return this.#ctx.inputs;
  }
  get vars(): unknown {
    return this.#ctx.vars;
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
