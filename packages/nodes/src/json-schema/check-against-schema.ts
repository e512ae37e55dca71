import { FatalNodeError } from "@automatrix/core";
import { compileSchema, type SchemaIssue } from "./compile-schema.js";

const ISSUES_IN_MESSAGE = 3;
/** Details of an error have to stay small enough to be kept with it. */
const MAX_LISTED_ISSUES = 200;

/**
 * Returns when the value meets the JSON Schema.
 * @throws FatalNodeError `invalid_input`; `details.errors` lists every issue with its JSON pointer (of very many, the first, and `total`)
 */
export function checkAgainstSchema(
  schema: boolean | Readonly<Record<string, unknown>>,
  value: unknown,
  what: string,
): void {
  const errors = compileSchema(schema)(value);
  if (errors.length === 0) return;
  const more = errors.length > ISSUES_IN_MESSAGE ? `, and ${errors.length - ISSUES_IN_MESSAGE} more` : "";
  throw new FatalNodeError(
    `The ${what} breaks its schema: ${errors.slice(0, ISSUES_IN_MESSAGE).map(toText).join("; ")}${more}.`,
    {
      code: "invalid_input",
      details: {
        errors: errors.slice(0, MAX_LISTED_ISSUES),
        ...(errors.length > MAX_LISTED_ISSUES && { total: errors.length }),
      },
    },
  );
}

function toText(issue: SchemaIssue): string {
  return `${issue.path === "" ? "the value" : issue.path} ${issue.message}`;
}
