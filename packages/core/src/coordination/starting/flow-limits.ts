import type { WorkflowSettings } from "../../definition/workflow-definition.js";
import { ConfigurationError } from "../../errors/errors.js";
import { compileTemplate } from "../../expressions/compile-template.js";
import type { FunctionTable } from "../../expressions/functions/function-table.js";
import { startScope } from "../../expressions/start-scope.js";
import type { FlowLimits } from "../../ports/execution-record.js";

const MAX_KEY_LENGTH = 1_000;

export interface FlowLimitsParams {
  readonly settings: WorkflowSettings;
  /** What the keys are counted within: the tenant, and the workflow or the name of an inline definition. */
  readonly scope: readonly (string | null)[];
  readonly input: unknown;
  /** Given at the start; stands in for the key expression of the concurrency limit. */
  readonly concurrencyKey: string | undefined;
  readonly functions: FunctionTable | undefined;
}

/**
 * The limits that an execution counts against, their keys worked out from its input; null when the workflow has none.
 * @throws ConfigurationError `invalid_input` when a key expression cannot be worked out
 */
export function toFlowLimits(params: FlowLimitsParams): FlowLimits | null {
  const { concurrency, rateLimit } = params.settings;
  if (concurrency === undefined && rateLimit === undefined) return null;
  return Object.freeze({
    concurrency:
      concurrency === undefined
        ? null
        : {
            key: toKey(params, params.concurrencyKey ?? readKey("concurrency", concurrency.key, params)),
            limit: concurrency.limit,
          },
    rate:
      rateLimit === undefined
        ? null
        : {
            key: toKey(params, readKey("rateLimit", rateLimit.key, params)),
            count: rateLimit.count,
            perMs: rateLimit.perMs,
          },
  });
}

function toKey({ scope }: FlowLimitsParams, value: unknown): string {
  return JSON.stringify([...scope, value]).slice(0, MAX_KEY_LENGTH);
}

function readKey(setting: string, text: string | undefined, { input, functions }: FlowLimitsParams): unknown {
  if (text === undefined) return null;
  try {
    return compileTemplate(text, undefined, functions).evaluate(startScope(input));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : "";
    throw new ConfigurationError("invalid_input", `settings.${setting}.key cannot be worked out: ${why}`, { cause });
  }
}
