import { AutomatrixError, defineNode, type NodeContext, type NodePack, type NodeType, z } from "@automatrix/core";
import { runOnce, verifyRefusal } from "../business/rest/once-call.js";
import type { ConfigMask } from "./config-mask.js";
import type { ActionContext, Integration } from "./define-integration.js";
import { fieldsOf } from "./describe-integration.js";
import { type ActionRequest, IntegrationRegistry, type PreparedAction } from "./integration-registry.js";
import type { IntegrationStore } from "./integration-store.js";
import { withPackIntegrations } from "./pack-integrations.js";

export interface IntegrationOptions {
  /** Kinds of integrations that the node can run. */
  readonly integrations?: readonly Integration[];
  /** Packs whose integrations it can run too, beside those of the engine's `plugins`. */
  readonly packs?: readonly NodePack[];
  /** Where configured integrations are kept. */
  readonly integrationStore?: IntegrationStore;
}

/** Definitions of earlier products have nodes of this type that hold a label and nothing else. */
const MISSING =
  'Give integration_id and action; the legacy type "integration" without them has nothing to run: choose a type of the node catalogue, such as http_request.';

const parameters = () =>
  z.object({
    integration_id: z.string({ error: MISSING }).min(1).max(200).describe("Configured integration to use."),
    action: z.string().min(1).max(64).describe("Action of the integration."),
    params: z.record(z.string(), z.unknown()).default({}).describe("Parameters of the action."),
  });

/**
 * Runs an action of a configured integration.
 * @throws ConfigurationError `invalid_configuration` when two integrations share a type, or a pack brings something else
 */
export function createIntegrationNode(options: IntegrationOptions = {}): NodeType {
  const integrations = withPackIntegrations(options.integrations, options.packs);
  const registry = new IntegrationRegistry(integrations, options.integrationStore);
  return defineNode({
    type: "integration",
    label: "Integration",
    description: "Runs an action of an integration that was configured for the workspace.",
    category: "integration",
    effects: (given: ActionRequest) => registry.effectsOf(given.action),
    permissions: ["net", "credentials"],
    withPacks: (packs) => createIntegrationNode({ ...options, integrations, packs }),
    parameters,
    example: { parameters: { integration_id: "int_1", action: "create_ticket", params: { title: "Flat tyre" } } },
    async execute(ctx) {
      const prepare = () => registry.prepare(ctx.parameters, ctx);
      const send = (prepared: PreparedAction) => runAction(ctx, prepared);
      const isOnce = registry.effectsOf(ctx.parameters.action) === "once";
      return isOnce ? runOnce(ctx, { prepare, send }) : send(await prepare());
    },
    /** The node is as strict as the strictest action of this name; the one it ran may well be repeated. */
    async verify(ctx) {
      const prepared = await registry.prepare(ctx.parameters, ctx).catch(() => undefined);
      return prepared !== undefined && prepared.effects !== "once" ? { notDone: true } : verifyRefusal(ctx);
    },
  });
}

async function runAction(
  ctx: NodeContext<ActionRequest>,
  { action, config, parameters, mask }: PreparedAction,
): Promise<unknown> {
  try {
    const output = await action.execute(toActionContext(ctx, mask, { config, parameters }));
    const checked = action.output?.safeParse(output);
    if (checked?.success === false) {
      const what = `The action "${ctx.parameters.action}" gave an output that breaks its schema`;
      throw new AutomatrixError("output_invalid", `${what}: check ${fieldsOf(checked.error)}.`);
    }
    return mask.value(checked === undefined ? output : checked.data);
  } catch (error) {
    if (ctx.signal.aborted) throw ctx.signal.reason ?? error;
    throw mask.error(error);
  }
}

function toActionContext(
  ctx: NodeContext<ActionRequest>,
  mask: ConfigMask,
  given: Pick<ActionContext, "config" | "parameters">,
): ActionContext {
  const { http, signal, clock, idempotencyKey, attempt, execution, blobs } = ctx;
  return {
    ...given,
    http,
    signal,
    clock,
    idempotencyKey,
    attempt,
    execution,
    blobs,
    logger: mask.logger(ctx.logger),
    progress: (fraction, message) => ctx.progress(fraction, message === undefined ? undefined : mask.text(message)),
    stream: (chunk) => ctx.stream(mask.value(chunk)),
  };
}
