import type { RE2JS } from "re2js";
import type { ExpressionLimits } from "./expression-limits.js";
import type { ExpressionScope, ExtraNames } from "./expression-scope.js";
import type { FunctionContext } from "./functions/function-table.js";
import { type ExpressionErrorCode, expressionErrorAt, type FailureContext, type SourceSite } from "./source-site.js";

/** What an expression, once compiled, needs at every evaluation. */
export interface EvaluationSettings {
  readonly site: SourceSite;
  readonly limits: ExpressionLimits;
  readonly patterns: Map<string, RE2JS>;
}

const CHARACTERS_PER_STEP = 256;

/** One run of an expression: its scope, the values of its arrow parameters and what is left of its steps. */
export class Evaluation implements FunctionContext {
  /** Values of arrow parameters, by the slot given to each when compiled. */
  readonly locals: unknown[] = [];
  readonly scope: ExpressionScope;
  readonly extra: ExtraNames | undefined;
  readonly patterns: Map<string, RE2JS>;
  /** Where the operation being performed stands. */
  offset = 0;
  remainingSteps: number;
  readonly #settings: EvaluationSettings;

  constructor(settings: EvaluationSettings, scope: ExpressionScope, extra: ExtraNames | undefined) {
    this.#settings = settings;
    this.scope = scope;
    this.extra = extra;
    this.patterns = settings.patterns;
    this.remainingSteps = settings.limits.maxSteps;
  }

  charge(steps: number): void {
    this.remainingSteps -= steps;
    if (this.remainingSteps >= 0) return;
    this.fail("expression_limit", `needs more than ${this.#settings.limits.maxSteps} steps; use a code node instead`);
  }

  chargeText(length: number): void {
    this.checkTextLength(length);
    this.charge(Math.floor(length / CHARACTERS_PER_STEP));
  }

  checkTextLength(length: number): void {
    const { maxTextLength } = this.#settings.limits;
    if (length <= maxTextLength) return;
    this.fail("expression_limit", `makes a text longer than ${maxTextLength} characters`);
  }

  fail(code: ExpressionErrorCode, message: string, context: FailureContext = {}): never {
    throw expressionErrorAt({ site: this.#settings.site, offset: this.offset }, { code, message, ...context });
  }

  now(): number {
    return this.scope.now();
  }

  random(): number {
    return this.scope.random();
  }

  uuid(): string {
    return this.scope.uuid();
  }
}
