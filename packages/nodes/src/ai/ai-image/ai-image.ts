import { defineNode, type NodeContext, type NodeType, z } from "@automatrix/core";
import type { AiLayer } from "../ai-layer.js";
import { sumOfCosts } from "../asking/answer-output.js";
import { providerParameters } from "../asking/model-parameters.js";
import { routeTo, type WantedModel } from "../routing.js";
import { type Drawn, draw, imagesInOneCall } from "./draw.js";

const DEFAULT_IMAGE_MODELS = { openai: "gpt-image-1", stability: "core", google: "imagen-4.0-generate-001" } as const;
const DEFAULT_IMAGE_TIMEOUT_MS = 120_000;
const MAX_TIMEOUT_MS = 60 * 60 * 1_000;
const MAX_IMAGES = 10;

const aiImageParameters = () =>
  z.object({
    prompt: z.string().min(1).describe("What the image shows."),
    negativePrompt: z.string().optional().describe("What it must not show; Stability only."),
    ...providerParameters(),
    timeoutMs: z
      .number()
      .int()
      .min(1)
      .max(MAX_TIMEOUT_MS)
      .default(DEFAULT_IMAGE_TIMEOUT_MS)
      .describe("Milliseconds that one call of a provider may take."),
    size: z.string().max(32).optional().describe("Width and height such as 1024x1024; OpenAI only."),
    aspectRatio: z.string().max(16).optional().describe("Such as 16:9; Stability and Google."),
    quality: z.string().max(32).optional().describe("Such as low, medium or high; OpenAI only."),
    count: z.number().int().min(1).max(MAX_IMAGES).default(1).describe("How many images to draw."),
  });

/** Draws images and keeps them as blobs. */
export function createAiImage(
  layer: AiLayer,
  credentials: readonly string[],
): NodeType<"ai_image", ReturnType<typeof aiImageParameters>> {
  return defineNode({
    type: "ai_image",
    label: "Draw an image with AI",
    description: "Draws images with OpenAI, Stability or Google and puts them into the blob store.",
    category: "ai",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    credentials,
    parameters: aiImageParameters,
    example: {
      parameters: { prompt: "A red car by the sea, watercolour", aspectRatio: "16:9", provider: "stability" },
    },
    async execute(ctx) {
      const { provider, model, count, ...wanted } = ctx.parameters;
      const place = ctx as unknown as NodeContext;
      const route = routeToImages(place, layer, { provider, model });
      const perCall = imagesInOneCall(route);
      const calls: Drawn[] = [];
      for (let from = 0; from < count; from += perCall) {
        const request = {
          ...wanted,
          count: Math.min(perCall, count - from),
          idempotencyKey: `${ctx.idempotencyKey}:${from}`,
        };
        calls.push(await ctx.step("draw", () => draw(place, layer, route, request)));
      }
      const images = calls.flatMap((call) => call.images);
      return {
        image: images[0],
        images,
        model_used: route.model,
        cost: sumOfCosts(calls.map(({ cost }) => cost)),
      };
    },
  });
}

/** The default of the options, else the image model that the provider is known for: its default model is for chat. */
function routeToImages(ctx: NodeContext, layer: AiLayer, wanted: WantedModel) {
  const model = wanted.model ?? (wanted.provider === undefined ? layer.options.defaults?.imageModel : undefined);
  const { settings, ...route } = routeTo(ctx, layer.options, {
    ...wanted,
    model: model ?? DEFAULT_IMAGE_MODELS.openai,
  });
  if (model !== undefined) return { settings, ...route };
  switch (settings.kind) {
    case "stability":
    case "google":
      return { settings, ...route, model: settings.defaultModel ?? DEFAULT_IMAGE_MODELS[settings.kind] };
    default:
      return { settings, ...route };
  }
}
