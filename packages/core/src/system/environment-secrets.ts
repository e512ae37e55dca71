import type { SecretStore } from "../ports/secret-store.js";

const PREFIX = "AUTOMATRIX_CREDENTIAL_";

/** Credentials from the environment: `AUTOMATRIX_CREDENTIAL_<NAME>` holds a JSON object, or a text that becomes `{ value }`. */
export function environmentSecrets(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): SecretStore {
  return {
    async get(name) {
      const text = environment[PREFIX + name.toUpperCase().replace(/[^A-Z0-9]/g, "_")];
      return text === undefined ? undefined : parseCredential(text);
    },
  };
}

function parseCredential(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Readonly<Record<string, unknown>>;
  } catch {
    // Not JSON: a plain secret.
  }
  return { value: text };
}
