import { ConfigurationError, type Effects, type NodeContext, type z } from "@automatrix/core";

/** What an action sees: its parameters, the config of the integration it runs for, and this part of the node's context. */
export interface ActionContext<Config = unknown, Parameters = unknown>
  extends Pick<
    NodeContext,
    | "http"
    | "signal"
    | "logger"
    | "clock"
    | "idempotencyKey"
    | "attempt"
    | "execution"
    | "blobs"
    | "progress"
    | "stream"
  > {
  readonly parameters: Parameters;
  readonly config: Config;
}

/** What a test of a config sees. */
export type IntegrationTestContext = Pick<NodeContext, "http" | "signal" | "logger" | "clock">;

export interface IntegrationAction<Config = unknown, Parameters extends z.ZodType = z.ZodType> {
  readonly label?: string;
  readonly description?: string;
  readonly parameters: Parameters;
  readonly output?: z.ZodType;
  /** As of a node type. Default `idempotent`. A `once` action throws `RetryableNodeError` only when nothing has happened. */
  readonly effects?: Exclude<Effects, "transactional">;
  execute(ctx: ActionContext<Config, z.output<Parameters>>): unknown;
}

export interface IntegrationDeclaration<
  Config extends z.ZodType,
  ActionParameters extends Readonly<Record<string, z.ZodType>>,
> {
  /** 1–64 letters, digits, `_`, `.` or `-`. */
  readonly type: string;
  readonly label: string;
  readonly description?: string;
  /** Fields made with `.meta({ secret: true })` are write-only for people, and masked in whatever leaves an action. */
  readonly config: Config;
  /** Resolves when the config works, with words about it if there are any; throws when it does not. */
  test(config: z.output<Config>, ctx: IntegrationTestContext): unknown;
  readonly actions: {
    readonly [Name in keyof ActionParameters]: IntegrationAction<z.output<Config>, ActionParameters[Name]>;
  };
}

/** A declared integration of any config and actions. Made by {@link defineIntegration}. */
export interface Integration {
  readonly type: string;
  readonly label: string;
  readonly description?: string;
  readonly config: z.ZodType;
  // biome-ignore lint/suspicious/noExplicitAny: a registry holds integrations of every config type at once
  test(config: any, ctx: IntegrationTestContext): unknown;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly actions: Readonly<Record<string, IntegrationAction<any, any>>>;
}

/** The mark that `defineIntegration` leaves, whichever copy of this package made it. */
const INTEGRATION = Symbol.for("automatrix.integration");

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/**
 * Declares a kind of integration: what a person configures once, and the actions that workflows run with that config.
 *
 * ```ts
 * const weather = defineIntegration({
 *   type: "weather", label: "Weather",
 *   config: z.object({ baseUrl: z.url(), apiKey: z.string().meta({ secret: true }) }),
 *   test: (config, ctx) => ctx.http(`${config.baseUrl}/ping`, { signal: ctx.signal }),
 *   actions: {
 *     forecast: {
 *       parameters: z.object({ city: z.string() }),
 *       effects: "idempotent",
 *       execute: async ({ parameters, config, http, signal }) =>
 *         (await http(`${config.baseUrl}/forecast?q=${encodeURIComponent(parameters.city)}`, { signal })).json(),
 *     },
 *   },
 * });
 * ```
 * @throws ConfigurationError `invalid_configuration` when a name is malformed or there is no action
 */
export function defineIntegration<
  Config extends z.ZodType,
  const ActionParameters extends Readonly<Record<string, z.ZodType>>,
>(declaration: IntegrationDeclaration<Config, ActionParameters>): Integration {
  const { type, actions } = declaration;
  const names = Object.keys(actions);
  if (!NAME.test(type)) {
    throw new ConfigurationError(
      "invalid_configuration",
      `The integration "${type}" needs a name of 1–64 letters, digits, "_", "." or "-".`,
    );
  }
  const unusable = names.find((name) => !NAME.test(name) || typeof actions[name]?.execute !== "function");
  if (names.length === 0 || unusable !== undefined) {
    throw new ConfigurationError(
      "invalid_configuration",
      `The integration "${type}" needs actions with a name and an execute function${unusable === undefined ? "" : `; see "${unusable}"`}.`,
    );
  }
  return Object.freeze({
    ...declaration,
    actions: Object.freeze({ ...actions }),
    [INTEGRATION]: true,
  }) as Integration;
}

/** Whether {@link defineIntegration} made it. */
export function isIntegration(value: unknown): value is Integration {
  return typeof value === "object" && value !== null && (value as Record<symbol, unknown>)[INTEGRATION] === true;
}
