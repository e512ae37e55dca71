import { ConfigurationError } from "@automatrix/core";

/** What the command line was given cannot work; the command ends with exit code 2. */
export function usageError(message: string, details?: Readonly<Record<string, unknown>>): ConfigurationError {
  return new ConfigurationError("invalid_configuration", message, details === undefined ? {} : { details });
}
