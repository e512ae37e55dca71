import type { AzureOpenAI, OpenAI } from "openai";
import { loadOptionalModule } from "../../loading/load-optional-module.js";
import type { HttpProvider, ProviderSession } from "./provider-session.js";

export type OpenAiProvider = Extract<HttpProvider, { readonly kind: "openai" | "azure_openai" | "openai_compatible" }>;

const DEFAULT_BASE_URL = "https://api.openai.com/v1";
const DEFAULT_AZURE_API_VERSION = "2024-10-21";
/** The engine's clock ends calls; the SDK's own timer is only there because it must have one. */
const SDK_TIMEOUT_MS = 60 * 60 * 1_000;

interface Sdk {
  readonly OpenAI: typeof OpenAI;
  readonly AzureOpenAI: typeof AzureOpenAI;
}

/** True for providers that the SDK of OpenAI speaks to. */
export function isOpenAiProvider(settings: { readonly kind: string }): settings is OpenAiProvider {
  return settings.kind === "openai" || settings.kind === "azure_openai" || settings.kind === "openai_compatible";
}

/** A client of the official SDK on the guarded fetch. It retries nothing and reads no address from the environment. */
export function openAiClient(session: ProviderSession<OpenAiProvider>): OpenAI {
  const { OpenAI, AzureOpenAI } = loadOptionalModule<Sdk>("openai", "This AI provider");
  const { settings, apiKey } = session;
  const shared = {
    apiKey: apiKey ?? "none",
    maxRetries: 0,
    timeout: SDK_TIMEOUT_MS,
    logLevel: "off",
    organization: settings.kind === "openai" ? (settings.organization ?? null) : null,
    project: null,
    adminAPIKey: null,
    fetch: (url: string | URL | Request, init?: RequestInit) =>
      session.fetch(url instanceof Request ? url.url : url, init),
    ...(apiKey === null && { defaultHeaders: { authorization: null } }),
  } as const;
  if (settings.kind !== "azure_openai") return new OpenAI({ ...shared, baseURL: settings.baseUrl ?? DEFAULT_BASE_URL });
  return new AzureOpenAI({
    ...shared,
    baseURL: `${settings.endpoint.replace(/\/+$/, "")}/openai`,
    apiVersion: settings.apiVersion ?? DEFAULT_AZURE_API_VERSION,
  });
}

/** What a request calls the model: on Azure, its deployment. */
export function wireModel(settings: OpenAiProvider, model: string): string {
  if (settings.kind !== "azure_openai") return model;
  const { deployments = {} } = settings;
  return Object.hasOwn(deployments, model) ? (deployments[model] as string) : model;
}
