import { ConfigurationError } from "@automatrix/core";

/** Postgres cuts longer names off silently. */
const MAX_NAME_BYTES = 63;

/** The schema's name, quoted for SQL. @throws ConfigurationError `invalid_configuration` */
export function quoteSchemaName(schema: string): string {
  const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(schema) && schema.length <= MAX_NAME_BYTES && !/^pg_/i.test(schema);
  if (!isName)
    throw new ConfigurationError(
      "invalid_configuration",
      `The schema must be a name of at most ${MAX_NAME_BYTES} letters, digits and underscores that does not begin with a digit or "pg_".`,
    );
  return `"${schema}"`;
}
