import { idempotencyHeader } from "../../providers/idempotency-header.js";
import type { HttpProvider, ProviderSession } from "../../providers/provider-session.js";
import { errorFromAnswer } from "../../providers/translate-error.js";
import type { DrawnImage, ImageRequest } from "../image-request.js";
import { fromBase64 } from "../image-type.js";

export type GoogleProvider = Extract<HttpProvider, { readonly kind: "google" }>;

const DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com";

/** The parts of an answer that are read; nothing in it is sure to be there. */
interface GoogleAnswer {
  readonly predictions?: readonly { readonly bytesBase64Encoded?: string }[];
  readonly candidates?: readonly {
    readonly content?: { readonly parts?: readonly { readonly inlineData?: { readonly data?: string } }[] };
  }[];
}

/** Images of Google: Imagen, and the Gemini models that draw. */
export async function drawWithGoogle(
  session: ProviderSession<GoogleProvider>,
  request: ImageRequest,
): Promise<readonly DrawnImage[]> {
  const { model, signal, idempotencyKey } = request;
  const isGemini = model.startsWith("gemini");
  const baseUrl = session.settings.baseUrl ?? DEFAULT_BASE_URL;
  const method = isGemini ? "generateContent" : "predict";
  const response = await session.fetch(`${baseUrl}/v1beta/models/${encodeURIComponent(model)}:${method}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...idempotencyHeader(idempotencyKey),
      ...(session.apiKey !== null && { "x-goog-api-key": session.apiKey }),
    },
    body: JSON.stringify(isGemini ? toGeminiBody(request) : toImagenBody(request)),
    signal,
  });
  const body: unknown = await response.json().catch((error: unknown) => {
    if (response.ok) throw error;
    return undefined;
  });
  if (!response.ok) throw errorFromAnswer(response.status, response.headers, body, { session, model, signal });
  return imagesIn((body ?? {}) as GoogleAnswer).map(fromBase64);
}

function toImagenBody({ prompt, count, aspectRatio }: ImageRequest): unknown {
  const parameters = { sampleCount: count, ...(aspectRatio !== undefined && { aspectRatio }) };
  return { instances: [{ prompt }], parameters };
}

function toGeminiBody({ prompt, aspectRatio }: ImageRequest): unknown {
  const imageConfig = aspectRatio === undefined ? {} : { imageConfig: { aspectRatio } };
  const generationConfig = { responseModalities: ["TEXT", "IMAGE"], ...imageConfig };
  return { contents: [{ parts: [{ text: prompt }] }], generationConfig };
}

function imagesIn({ predictions = [], candidates = [] }: GoogleAnswer): readonly string[] {
  const drawn = candidates.flatMap(({ content }) => content?.parts ?? []).map(({ inlineData }) => inlineData?.data);
  const predicted = predictions.map(({ bytesBase64Encoded }) => bytesBase64Encoded);
  return [...predicted, ...drawn].filter((data) => typeof data === "string");
}
