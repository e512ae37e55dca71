import { idempotencyHeader } from "../../providers/idempotency-header.js";
import type { HttpProvider, ProviderSession } from "../../providers/provider-session.js";
import { errorFromAnswer } from "../../providers/translate-error.js";
import type { DrawnImage, ImageRequest } from "../image-request.js";
import { imageTypeOf } from "../image-type.js";

export type StabilityProvider = Extract<HttpProvider, { readonly kind: "stability" }>;

const DEFAULT_BASE_URL = "https://api.stability.ai";
/** Services with a path of their own; every other name is a model of `sd3`. */
const SERVICES: ReadonlySet<string> = new Set(["core", "ultra", "sd3"]);

/** Images of Stability AI, one in a call. */
export async function drawWithStability(
  session: ProviderSession<StabilityProvider>,
  request: ImageRequest,
): Promise<readonly DrawnImage[]> {
  const { model, signal, idempotencyKey } = request;
  const service = SERVICES.has(model) ? model : "sd3";
  const { body, contentType } = await encodeForm(fieldsOf(request, service));
  const baseUrl = session.settings.baseUrl ?? DEFAULT_BASE_URL;
  const response = await session.fetch(`${baseUrl}/v2beta/stable-image/generate/${service}`, {
    method: "POST",
    headers: {
      accept: "image/*",
      "content-type": contentType,
      ...idempotencyHeader(idempotencyKey),
      ...(session.apiKey !== null && { authorization: `Bearer ${session.apiKey}` }),
    },
    body,
    signal,
  });
  if (!response.ok)
    throw errorFromAnswer(response.status, response.headers, await readError(response), { session, model, signal });
  if (response.headers.get("finish-reason") === "CONTENT_FILTERED") return [];
  const bytes = new Uint8Array(await response.arrayBuffer());
  return [{ bytes, contentType: imageTypeOf(bytes) }];
}

function fieldsOf({ model, prompt, negativePrompt, aspectRatio }: ImageRequest, service: string): FormData {
  const form = new FormData();
  form.set("prompt", prompt);
  form.set("output_format", "png");
  if (service !== model) form.set("model", model);
  if (negativePrompt !== undefined) form.set("negative_prompt", negativePrompt);
  if (aspectRatio !== undefined) form.set("aspect_ratio", aspectRatio);
  return form;
}

/** Bytes rather than the form itself, since a guarded fetch may come from a library with forms of its own. */
async function encodeForm(form: FormData): Promise<{ readonly body: ArrayBuffer; readonly contentType: string }> {
  const encoded = new Response(form);
  return { body: await encoded.arrayBuffer(), contentType: encoded.headers.get("content-type") as string };
}

async function readError(response: Response): Promise<unknown> {
  const body: unknown = await response.json().catch(() => undefined);
  const errors = (body as { errors?: unknown } | undefined)?.errors;
  return Array.isArray(errors) ? { message: errors.map(String).join("; ") } : body;
}
