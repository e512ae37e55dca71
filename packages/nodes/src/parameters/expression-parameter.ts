import { z } from "@automatrix/core";

const MAX_EXPRESSION_LENGTH = 10_000;

/**
 * Schema of a deferred parameter that answers true or false: an expression, with or without `{{ }}` around the whole of it.
 * `{{a}} > {{b}}` would be text, which is always true, so it is refused.
 */
export function expressionParameter(description: string): z.ZodUnion<readonly [z.ZodString, z.ZodBoolean]> {
  const error =
    "Give true, false, or one expression, without braces or with one pair of {{ }} around all of it. Text around {{ }} would always be true: put the whole comparison inside {{ }}, such as {{input.total > 100}}.";
  const text = z.string().min(1).max(MAX_EXPRESSION_LENGTH).refine(isWholeExpression, error);
  return z.union([text, z.boolean()], { error }).describe(description);
}

function isWholeExpression(text: string): boolean {
  return !text.includes("{{") || isWholeTemplate(text.trim());
}

/** Whether a text is one pair of braces with an expression in it, and nothing around. */
export function isWholeTemplate(trimmed: string): boolean {
  const between = trimmed.indexOf("{{", trimmed.indexOf("}}"));
  return trimmed.startsWith("{{") && trimmed.endsWith("}}") && between <= 0;
}

/** Whether the answer of a condition counts as true: anything but false, null, 0, NaN and empty text. */
export function isTrue(answer: unknown): boolean {
  return Boolean(answer);
}
