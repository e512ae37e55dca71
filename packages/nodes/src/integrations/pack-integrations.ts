import { ConfigurationError, type NodePack } from "@automatrix/core";
import { type Integration, isIntegration } from "./define-integration.js";

/**
 * The integrations of the options and those of packs.
 * @throws ConfigurationError `invalid_configuration` when a pack brings what `defineIntegration` did not make, or a type that
 * is there already
 */
export function withPackIntegrations(
  integrations: readonly Integration[] = [],
  packs: readonly NodePack[] = [],
): readonly Integration[] {
  const all = [...integrations];
  const sourceByType = new Map(integrations.map(({ type }) => [type, "the option `integrations`"]));
  for (const { name, integrations: brought = [] } of packs) {
    for (const integration of brought) {
      if (!isIntegration(integration)) {
        throw refuse(`The pack "${name}" brings an integration that is not one; make it with defineIntegration.`);
      }
      if (all.includes(integration)) continue;
      const source = sourceByType.get(integration.type);
      if (source !== undefined) {
        throw refuse(
          `The pack "${name}" brings the integration "${integration.type}", which ${source} brings already; leave one out.`,
        );
      }
      sourceByType.set(integration.type, `the pack "${name}"`);
      all.push(integration);
    }
  }
  return all;
}

function refuse(message: string): ConfigurationError {
  return new ConfigurationError("invalid_configuration", message);
}
