import { AutomatrixError, type NodeContext } from "@automatrix/core";
import { findSecret } from "../../http/credential-field.js";
import { type AiOptions, type AiProvider, DEFAULT_MAX_ANSWER_BYTES, providersOf } from "../ai-options.js";
import { notConfigured } from "../provider-error.js";
import { boundedFetch, type Fetch } from "./bounded-fetch.js";

export type HttpProvider = Exclude<AiProvider, { readonly kind: "custom" }>;

/** All that it takes to call a provider for one attempt of a node. */
export interface ProviderSession<Settings extends HttpProvider = HttpProvider> {
  /** Its name in the options. */
  readonly name: string;
  readonly settings: Settings;
  /** Null for an endpoint that asks for none. */
  readonly apiKey: string | null;
  readonly fetch: Fetch;
  /** Milliseconds since the epoch, for dates in answers. */
  readonly now: () => number;
}

const HEADER_VALUE = /^[\x21-\x7e]+$/;
const KEY_FIELDS = ["apiKey", "api_key", "key", "token"] as const;

/** @throws FatalNodeError `not_configured` when the provider is not there */
export function settingsOf(options: AiOptions, name: string): AiProvider {
  const providers = providersOf(options);
  const settings = Object.hasOwn(providers, name) ? providers[name] : undefined;
  if (settings !== undefined) return settings;
  const known = Object.keys(providers).join(", ") || "none";
  throw notConfigured(
    `The AI provider "${name}" is not configured (known: ${known}); add it to the option ai.providers.`,
  );
}

/** @throws FatalNodeError `not_configured` when the provider's credential is missing or holds no key */
export async function openSession<Settings extends HttpProvider>(
  ctx: NodeContext,
  options: AiOptions,
  { name, settings }: { readonly name: string; readonly settings: Settings },
): Promise<ProviderSession<Settings>> {
  const { maxAnswerBytes = DEFAULT_MAX_ANSWER_BYTES } = options;
  requireAddress(name, settings);
  return {
    name,
    settings,
    apiKey: settings.credential === null ? null : await readKey(ctx, name, settings.credential ?? name),
    fetch: boundedFetch((url, init) => ctx.http(url, init), { maxAnswerBytes, provider: name }),
    now: () => ctx.clock.now(),
  };
}

function requireAddress(name: string, settings: HttpProvider): void {
  const [option, address] =
    settings.kind === "azure_openai" ? ["endpoint", settings.endpoint] : ["baseUrl", settings.baseUrl];
  if (address === undefined || URL.canParse(address)) return;
  throw notConfigured(
    `The AI provider "${name}" needs an address such as https://example.com in ai.providers.${name}.${option}.`,
  );
}

async function readKey(ctx: NodeContext, provider: string, credentialName: string): Promise<string> {
  const credential = await ctx.credentials(credentialName).catch((error: unknown) => {
    if (AutomatrixError.is(error) && error.code === "credential_not_found") return undefined;
    throw error;
  });
  if (credential === undefined) {
    throw notConfigured(
      `The AI provider "${provider}" has no key: add the credential "${credentialName}" with the field apiKey to the secret store, ` +
        `or name another one in the option ai.providers.${provider}.credential.`,
    );
  }
  const key = findSecret(credential, ...KEY_FIELDS)?.trim();
  if (key !== undefined && HEADER_VALUE.test(key)) return key;
  throw notConfigured(
    `The credential "${credentialName}" of the AI provider "${provider}" needs the field apiKey: a text of one line without spaces.`,
  );
}
