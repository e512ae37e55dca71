import { z } from "@automatrix/core";
import { ConfigMask } from "./config-mask.js";
import type { Integration, IntegrationTestContext } from "./define-integration.js";
import { SecretFields } from "./secret-fields.js";

const MAX_MESSAGE_LENGTH = 500;

/** An integration as editors and lists show it: JSON Schemas in place of zod. Secret fields carry `secret: true`. */
export interface IntegrationDescription {
  readonly type: string;
  readonly label: string;
  readonly description: string | null;
  readonly configSchema: unknown;
  readonly actions: readonly {
    readonly name: string;
    readonly label: string;
    readonly description: string | null;
    readonly effects: string;
    readonly parametersSchema: unknown;
  }[];
}

export function describeIntegration({
  type,
  label,
  description,
  config,
  actions,
}: Integration): IntegrationDescription {
  return {
    type,
    label,
    description: description ?? null,
    configSchema: z.toJSONSchema(config, { io: "input", unrepresentable: "any" }),
    actions: Object.entries(actions).map(([name, action]) => ({
      name,
      label: action.label ?? name,
      description: action.description ?? null,
      effects: action.effects ?? "idempotent",
      parametersSchema: z.toJSONSchema(action.parameters, { io: "input", unrepresentable: "any" }),
    })),
  };
}

export interface IntegrationTestResult {
  readonly ok: boolean;
  /** What is wrong, or what the test says; without secrets of the config. */
  readonly message: string;
}

/** Checks a config by its schema and by the integration's own test. Never throws. */
export async function testIntegration(
  integration: Integration,
  config: unknown,
  ctx: IntegrationTestContext,
): Promise<IntegrationTestResult> {
  const secretFields = new SecretFields(integration.config);
  let mask = new ConfigMask(secretFields.valuesOf(config));
  try {
    const parsed = integration.config.safeParse(config);
    if (!parsed.success) return { ok: false, message: `These fields cannot be used: ${fieldsOf(parsed.error)}.` };
    mask = new ConfigMask(secretFields.valuesOf(config, parsed.data));
    const said = await integration.test(parsed.data, { ...pick(ctx), logger: mask.logger(ctx.logger) });
    return { ok: true, message: cut(typeof said === "string" ? mask.text(said) : "The integration works.") };
  } catch (error) {
    const { message } = (mask.error(error) ?? {}) as { readonly message?: unknown };
    return { ok: false, message: cut(typeof message === "string" ? message : "The test failed.") };
  }
}

/** The fields that a schema complains about; never their values. */
export function fieldsOf({ issues }: z.ZodError): string {
  return [...new Set(issues.map(({ path }) => path.join(".") || "the config itself"))].slice(0, 20).join(", ");
}

function pick({ http, signal, clock }: IntegrationTestContext): Omit<IntegrationTestContext, "logger"> {
  return { http, signal, clock };
}

function cut(text: string): string {
  return text.slice(0, MAX_MESSAGE_LENGTH);
}
