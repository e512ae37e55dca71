import { ConfigurationError } from "@automatrix/core";

/** An integration that somebody configured. */
export interface ConfiguredIntegration {
  readonly id: string;
  /** Type of a declared integration. */
  readonly type: string;
  /** As the schema of the type wants it; holds secrets. */
  readonly config: unknown;
  /** Whose it is; null for one that all tenants share. */
  readonly tenant?: string | null;
}

/**
 * Where configured integrations are kept. Configs hold secrets: a store keeps them encrypted where it writes them down, and
 * never logs them. An integration of one tenant is not found by another.
 */
export interface IntegrationStore {
  get(id: string, scope: { readonly tenant: string | null }): Promise<ConfiguredIntegration | undefined>;
}

/**
 * A store in memory, filled at the start.
 * @throws ConfigurationError `invalid_configuration` when an id is there twice
 */
export function memoryIntegrationStore(integrations: readonly ConfiguredIntegration[]): IntegrationStore {
  const byId = new Map(integrations.map((integration) => [integration.id, integration]));
  if (byId.size < integrations.length) {
    throw new ConfigurationError("invalid_configuration", "Two configured integrations have the same id.");
  }
  return Object.freeze({
    async get(id: string, { tenant }: { readonly tenant: string | null }) {
      const found = byId.get(id);
      const owner = found?.tenant ?? null;
      return owner === null || owner === tenant ? found : undefined;
    },
  });
}
