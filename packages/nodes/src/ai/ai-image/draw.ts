import type { BlobReference, NodeContext } from "@automatrix/core";
import { FatalNodeError } from "@automatrix/core";
import type { AiLayer } from "../ai-layer.js";
import { callProvider } from "../provider-call.js";
import { notConfigured } from "../provider-error.js";
import { isOpenAiProvider, type OpenAiProvider } from "../providers/openai-client.js";
import type { HttpProvider, ProviderSession } from "../providers/provider-session.js";
import type { Route } from "../routing.js";
import { drawWithGoogle, type GoogleProvider } from "./image-providers/google-images.js";
import { drawWithOpenAi } from "./image-providers/openai-images.js";
import { drawWithStability, type StabilityProvider } from "./image-providers/stability-images.js";
import type { DrawnImage, ImageRequest } from "./image-request.js";

type ImageProvider = OpenAiProvider | StabilityProvider | GoogleProvider;

/** Images of one call, kept as blobs. */
export interface Drawn {
  readonly images: readonly BlobReference[];
  /** US dollars; null when no price is known. */
  readonly cost: number | null;
}

/** How many images one call of this provider makes at most. */
export function imagesInOneCall({ settings, model }: Route): number {
  const isMany = isOpenAiProvider(settings)
    ? model !== "dall-e-3"
    : settings.kind === "google" && !model.startsWith("gemini");
  return isMany ? 4 : 1;
}

/** Draws with one call and puts the images into the blob store. @throws FatalNodeError `ai_answer_invalid` without any image */
export async function draw(
  ctx: NodeContext,
  layer: AiLayer,
  { provider, settings, model }: Route,
  { timeoutMs, ...request }: Omit<ImageRequest, "model" | "signal"> & { readonly timeoutMs: number },
): Promise<Drawn> {
  if (!canDraw(settings))
    throw notConfigured(
      `The AI provider "${provider}" (${settings.kind}) draws nothing; name one of OpenAI, Stability or Google.`,
    );
  const costOf = (images: number) => layer.prices.costOfImages({ provider, kind: settings.kind, model }, images);
  const drawn = await callProvider<ImageProvider, readonly DrawnImage[]>(ctx, layer, {
    provider,
    settings,
    model,
    timeoutMs,
    estimate: { tokens: 0, money: costOf(request.count) },
    spentBy: (images) => ({ tokens: 0, money: costOf(images.length) }),
    run: (session, signal) => drawWith(session, { ...request, model, signal }),
  });
  if (drawn.length === 0)
    throw new FatalNodeError(`The AI provider "${provider}" drew nothing; it may have refused the prompt.`, {
      code: "ai_answer_invalid",
      details: { reason: "refused" },
    });
  const images = await Promise.all(drawn.map(({ bytes, contentType }) => ctx.blobs.put(bytes, { contentType })));
  return { images, cost: costOf(drawn.length) };
}

function canDraw(settings: Route["settings"]): settings is ImageProvider {
  return isOpenAiProvider(settings) || settings.kind === "stability" || settings.kind === "google";
}

function drawWith(session: ProviderSession<ImageProvider>, request: ImageRequest): Promise<readonly DrawnImage[]> {
  const { settings } = session as ProviderSession<HttpProvider>;
  if (settings.kind === "stability") return drawWithStability({ ...session, settings }, request);
  if (settings.kind === "google") return drawWithGoogle({ ...session, settings }, request);
  return drawWithOpenAi(session as ProviderSession<OpenAiProvider>, request);
}
