import { defineNode, type NodeContext, type NodeType, z } from "@automatrix/core";
import type { AiLayer } from "../ai-layer.js";
import { passedThrough } from "../asking/answer-output.js";
import { providerParameters, textParameter } from "../asking/model-parameters.js";
import { toText } from "../asking/to-text.js";
import { callProvider } from "../provider-call.js";
import { notConfigured } from "../provider-error.js";
import { isOpenAiProvider, openAiClient, wireModel } from "../providers/openai-client.js";
import { BrokenAnswerError } from "../providers/stream-answer.js";
import { routeTo } from "../routing.js";

const DEFAULT_MODERATION_MODEL = "omni-moderation-latest";
/** Moderation is free of charge. */
const FREE = { tokens: 0, money: 0 };

const aiModerateParameters = () =>
  z.object({
    text: textParameter().optional().describe("What to judge; the input when left out."),
    ...providerParameters(),
    threshold: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe("Flags every category whose score is at least this; the provider's own judgement when left out."),
  });

interface Judgement {
  readonly flagged: boolean;
  readonly scores: Readonly<Record<string, number>>;
  readonly categories: readonly string[];
}

/** Judges whether a text is harmful; the input passes through. */
export function createAiModerate(
  layer: AiLayer,
  credentials: readonly string[],
): NodeType<"ai_moderate", ReturnType<typeof aiModerateParameters>> {
  return defineNode({
    type: "ai_moderate",
    label: "Moderate text",
    description:
      "Judges whether a text is harmful. The output is the input with flagged, categories and scores beside it.",
    category: "ai",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    credentials,
    parameters: aiModerateParameters,
    example: { parameters: { text: "{{input.comment}}" }, input: { comment: "What a lovely car." } },
    async execute(ctx) {
      const { text, provider: wantedProvider, model: wantedModel, timeoutMs, threshold } = ctx.parameters;
      const place = ctx as unknown as NodeContext;
      const { provider, settings, model } = routeTo(place, layer.options, {
        provider: wantedProvider,
        model: wantedModel ?? layer.options.defaults?.moderationModel ?? DEFAULT_MODERATION_MODEL,
      });
      if (!isOpenAiProvider(settings))
        throw notConfigured(
          `The AI provider "${provider}" (${settings.kind}) judges no texts; name one of OpenAI's kind.`,
        );
      const judgement = await callProvider(place, layer, {
        provider,
        settings,
        model,
        timeoutMs,
        estimate: FREE,
        spentBy: () => FREE,
        run: async (session, signal) => {
          const input = toText(text === undefined ? ctx.input : text);
          const answer = await openAiClient(session).moderations.create(
            { model: wireModel(settings, model), input },
            { signal },
          );
          return toJudgement(answer.results?.[0], threshold);
        },
      });
      return { ...passedThrough(ctx.input), ...judgement, model_used: model };
    },
  });
}

/** The result as it comes over the wire: nothing in it is sure to be there. */
interface WireResult {
  readonly flagged?: boolean;
  readonly categories?: object;
  readonly category_scores?: object;
}

function toJudgement(result: WireResult | undefined, threshold: number | undefined): Judgement {
  if (typeof result?.flagged !== "boolean") throw new BrokenAnswerError("no result");
  const scores = { ...result.category_scores } as Record<string, number>;
  const named =
    threshold === undefined
      ? Object.entries(result.categories ?? {}).filter(([, isFlagged]) => isFlagged === true)
      : Object.entries(scores).filter(([, score]) => score >= threshold);
  const categories = named.map(([name]) => name);
  return { flagged: threshold === undefined ? result.flagged : categories.length > 0, categories, scores };
}
