import { FatalNodeError } from "@automatrix/core";
import { isJsonObject } from "../../json/json-kind.js";

const MAX_ERRORS = 20;
const MAX_TEXT_LENGTH = 500;
const MAX_PATH_LENGTH = 32;

/** The errors of an answer as one: messages, paths and codes in the details, bounded; extensions beyond the code stay out. */
export function toGraphqlError(errors: readonly unknown[], host: string): FatalNodeError {
  const described = errors.slice(0, MAX_ERRORS).map(describe);
  const count = errors.length === 1 ? "an error" : `${errors.length} errors`;
  return new FatalNodeError(`The GraphQL server "${host}" answered with ${count}; details.errors lists them.`, {
    code: "graphql_error",
    details: { host, total: errors.length, errors: described },
  });
}

function describe(error: unknown): Readonly<Record<string, unknown>> {
  const { message, path, extensions } = isJsonObject(error) ? error : {};
  const code = isJsonObject(extensions) ? extensions["code"] : undefined;
  return {
    message: typeof message === "string" ? message.slice(0, MAX_TEXT_LENGTH) : "no message",
    ...(Array.isArray(path) && { path: path.slice(0, MAX_PATH_LENGTH).map((part) => String(part).slice(0, 100)) }),
    ...(typeof code === "string" && { code: code.slice(0, 100) }),
  };
}
