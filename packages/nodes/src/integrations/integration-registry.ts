import { ConfigurationError, FatalNodeError, type NodeContext } from "@automatrix/core";
import { ConfigMask } from "./config-mask.js";
import type { Integration, IntegrationAction } from "./define-integration.js";
import { fieldsOf } from "./describe-integration.js";
import type { IntegrationStore } from "./integration-store.js";
import { SecretFields } from "./secret-fields.js";

type ActionEffects = NonNullable<IntegrationAction["effects"]>;

export interface ActionRequest {
  readonly integration_id: string;
  readonly action: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** An action that is ready to run. */
export interface PreparedAction {
  readonly action: IntegrationAction;
  readonly effects: ActionEffects;
  readonly config: unknown;
  readonly parameters: unknown;
  /** Takes the secrets of the config out of what the action gives. */
  readonly mask: ConfigMask;
}

/** The integrations that are declared, and those that are configured. */
export class IntegrationRegistry {
  readonly #byType: ReadonlyMap<string, Integration>;
  readonly #store: IntegrationStore | undefined;
  readonly #secretFields = new Map<string, SecretFields>();

  /** @throws ConfigurationError `invalid_configuration` when two integrations share a type */
  constructor(integrations: readonly Integration[], store: IntegrationStore | undefined) {
    this.#byType = new Map(integrations.map((integration) => [integration.type, integration]));
    this.#store = store;
    if (this.#byType.size < integrations.length) {
      throw new ConfigurationError("invalid_configuration", "Two integrations have the same type.");
    }
  }

  /** The strictest effects that an action of this name has: which integration it is of is known when it runs. */
  effectsOf(actionName: string): ActionEffects {
    const named = [...this.#byType.values()].flatMap(({ actions }) =>
      Object.hasOwn(actions, actionName) ? [actions[actionName]?.effects ?? "idempotent"] : [],
    );
    if (named.length === 0 || named.includes("once")) return "once";
    return named.includes("idempotent") ? "idempotent" : "pure";
  }

  /** @throws FatalNodeError `integration_not_found`, `not_configured` or `invalid_input`; never with a value of the config */
  async prepare(request: ActionRequest, { execution }: Pick<NodeContext, "execution">): Promise<PreparedAction> {
    const { integration_id: id, action: actionName, params } = request;
    if (this.#store === undefined) {
      throw new FatalNodeError("No integrations are set up: give the option `integrationStore`.", {
        code: "not_configured",
      });
    }
    const found = await this.#store.get(id, { tenant: execution.tenant });
    if (found === undefined)
      throw new FatalNodeError(`There is no integration "${id}".`, { code: "integration_not_found" });
    const integration = this.#byType.get(found.type);
    if (integration === undefined) {
      throw new FatalNodeError(`The integration "${id}" is of type "${found.type}", which no pack brings.`, {
        code: "not_configured",
      });
    }
    const action = Object.hasOwn(integration.actions, actionName) ? integration.actions[actionName] : undefined;
    if (action === undefined) {
      const names = Object.keys(integration.actions).join(", ");
      throw new FatalNodeError(`The integration "${id}" has no action "${actionName}". It has: ${names}.`, {
        code: "invalid_input",
      });
    }
    const config = integration.config.safeParse(found.config);
    if (!config.success) {
      throw new FatalNodeError(
        `The integration "${id}" is not configured completely: check ${fieldsOf(config.error)}.`,
        {
          code: "not_configured",
        },
      );
    }
    const parameters = (action.parameters as Integration["config"]).safeParse(params);
    if (!parameters.success) {
      const fields = fieldsOf(parameters.error);
      throw new FatalNodeError(`The action "${actionName}" cannot use its params: check ${fields}.`, {
        code: "invalid_input",
        details: {
          errors: parameters.error.issues.map(({ path, message }) => ({ path: path.join("."), message })).slice(0, 50),
        },
      });
    }
    return {
      action,
      effects: action.effects ?? "idempotent",
      config: config.data,
      parameters: parameters.data,
      mask: new ConfigMask(this.#secretFieldsOf(integration).valuesOf(found.config, config.data)),
    };
  }

  #secretFieldsOf({ type, config }: Integration): SecretFields {
    const known = this.#secretFields.get(type) ?? new SecretFields(config);
    this.#secretFields.set(type, known);
    return known;
  }
}
