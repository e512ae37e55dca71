import { z } from "@automatrix/core";

export const DEFAULT_TEMPERATURE = 0.7;
export const DEFAULT_MAX_TOKENS = 4_000;
export const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_TEMPERATURE = 2;
const MAX_MAX_TOKENS = 1_000_000;
const MAX_TIMEOUT_MS = 60 * 60 * 1_000;
const MAX_NAME_LENGTH = 256;

/** Parameters of every node that calls a provider. */
export const providerParameters = () => ({
  provider: z
    .string()
    .min(1)
    .max(MAX_NAME_LENGTH)
    .optional()
    .describe("Name of a configured provider; the one that the model belongs to, or the default one, when left out."),
  model: z
    .string()
    .min(1)
    .max(MAX_NAME_LENGTH)
    .optional()
    .describe("Name of a model, of a registered one, or of an experiment; the default one when left out."),
  timeoutMs: z
    .number()
    .int()
    .min(1)
    .max(MAX_TIMEOUT_MS)
    .default(DEFAULT_TIMEOUT_MS)
    .describe("Milliseconds that one call of a provider may take."),
});

/** Parameters of every node that asks a chat model. */
export const chatParameters = (temperature: number = DEFAULT_TEMPERATURE) => ({
  ...providerParameters(),
  temperature: z
    .number()
    .min(0)
    .max(MAX_TEMPERATURE)
    .default(temperature)
    .describe("How freely the model chooses its words: 0 for the most likely ones. Models without one ignore it."),
  maxTokens: z
    .number()
    .int()
    .min(1)
    .max(MAX_MAX_TOKENS)
    .default(DEFAULT_MAX_TOKENS)
    .describe("The most tokens that the answer may have."),
  stickyKey: z
    .union([z.string(), z.number()])
    .optional()
    .describe("Keeps to one variant when the model is an experiment, for example a customer's id."),
});

/** Parameters that make up the system prompt. */
export const systemParameters = () => ({
  system: z.string().optional().describe("What the model is told about its part before the conversation begins."),
  context: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("Facts for the model, such as dealership_name and department."),
});

/** A text, or any JSON value that is to be read as text. */
export const textParameter = () =>
  z.union([z.string(), z.number(), z.boolean(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);

/** The same, but never empty: there has to be something to answer. */
export const promptParameter = () =>
  z.union([z.string().min(1), z.number(), z.boolean(), z.array(z.unknown()), z.record(z.string(), z.unknown())]);

export const streamParameter = () =>
  z.boolean().default(true).describe("Passes the answer on in pieces, as `stream` events, while the model writes it.");
