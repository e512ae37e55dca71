import { idempotencyHeader } from "../../providers/idempotency-header.js";
import { type OpenAiProvider, openAiClient, wireModel } from "../../providers/openai-client.js";
import type { ProviderSession } from "../../providers/provider-session.js";
import { BrokenAnswerError } from "../../providers/stream-answer.js";
import { errorFromAnswer } from "../../providers/translate-error.js";
import type { DrawnImage, ImageRequest } from "../image-request.js";
import { fromBase64, imageTypeOf } from "../image-type.js";

/** Earlier models answer with addresses unless told otherwise; later ones refuse to be told. */
const TAKES_RESPONSE_FORMAT = /^dall-e-/;

/** Images of OpenAI, Azure OpenAI and endpoints with their wire format. */
export async function drawWithOpenAi(
  session: ProviderSession<OpenAiProvider>,
  request: ImageRequest,
): Promise<readonly DrawnImage[]> {
  const { model, prompt, size, quality, count, signal, idempotencyKey } = request;
  const answer = await openAiClient(session).images.generate(
    {
      model: wireModel(session.settings, model),
      prompt,
      n: count,
      ...(size !== undefined && { size: size as "1024x1024" }),
      ...(quality !== undefined && { quality: quality as "auto" }),
      ...(TAKES_RESPONSE_FORMAT.test(model) && { response_format: "b64_json" as const }),
    },
    { signal, headers: idempotencyHeader(idempotencyKey) },
  );
  return Promise.all((answer.data ?? []).map(({ b64_json, url }) => toImage(session, request, b64_json, url)));
}

async function toImage(
  session: ProviderSession,
  { model, signal }: ImageRequest,
  base64: string | undefined,
  url: string | undefined,
): Promise<DrawnImage> {
  if (base64 !== undefined) return fromBase64(base64);
  if (url === undefined) throw new BrokenAnswerError("neither content nor an address");
  const response = await session.fetch(url, { signal });
  if (!response.ok) throw errorFromAnswer(response.status, response.headers, undefined, { session, model, signal });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { bytes, contentType: imageTypeOf(bytes) };
}
