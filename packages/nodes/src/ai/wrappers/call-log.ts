import { AutomatrixError, type NodeContext } from "@automatrix/core";
import type { AiCall, AiOptions } from "../ai-options.js";
import type { ChatAnswer, ChatModel, ChatRequest } from "../chat-model.js";
import { maskPersonalData } from "../privacy/mask-personal-data.js";
import { reasonOf } from "../provider-error.js";

const MAX_LOGGED_CHARACTERS = 2_000;

export interface CallLogParts {
  readonly ctx: NodeContext;
  readonly options: AiOptions;
}

/** Writes a line for each call: its numbers, and its text with personal data masked when the operator asks for that. */
export function withCallLog(model: ChatModel, { ctx, options }: CallLogParts): ChatModel {
  return {
    provider: model.provider,
    async complete(request) {
      const startedAt = ctx.clock.now();
      try {
        const answer = await model.complete(request);
        const call = toCall(ctx, startedAt, {
          provider: answer.provider,
          model: answer.model,
          tokens: answer.usage.totalTokens,
          cost: answer.cost ?? null,
          cached: false,
        });
        report(ctx, options, call, contentOf(options, request, answer));
        return answer;
      } catch (error) {
        const failed = {
          code: AutomatrixError.is(error) ? error.code : "node_failed",
          reason: reasonOf(error) ?? null,
        };
        const facts = { provider: model.provider, model: request.model, tokens: 0, cost: null, cached: false };
        report(ctx, options, toCall(ctx, startedAt, { ...facts, error: failed }), contentOf(options, request));
        throw error;
      }
    },
  };
}

/** Logs a call and tells the host of it. */
export function report(
  ctx: NodeContext,
  options: AiOptions,
  call: AiCall,
  content: Readonly<Record<string, unknown>> = {},
): void {
  const { tenant: _tenant, executionId: _id, nodePath: _path, ...fields } = call;
  if (call.error === undefined) ctx.logger.info("AI model answered.", { ...fields, ...content });
  else ctx.logger.warn("AI model failed.", { ...fields, ...content });
  try {
    options.onCall?.(call);
  } catch {
    // A host that counts calls must not be able to fail them.
  }
}

/** The facts of a call with those of its place. */
export function toCall(
  { execution, nodePath, clock }: NodeContext,
  startedAt: number,
  facts: Omit<AiCall, "tenant" | "executionId" | "nodePath" | "durationMs">,
): AiCall {
  return {
    ...facts,
    tenant: execution.tenant,
    executionId: execution.id,
    nodePath,
    durationMs: clock.now() - startedAt,
  };
}

function contentOf(
  { logging }: AiOptions,
  { messages }: ChatRequest,
  answer?: ChatAnswer,
): Readonly<Record<string, unknown>> {
  if (logging?.content !== true) return {};
  const prompt = messages.map(({ role, content }) => `${role}: ${content}`).join("\n");
  return { prompt: toLogged(prompt), ...(answer !== undefined && { answer: toLogged(answer.text) }) };
}

/** Masked before it is cut, with room to spare, so that no cut splits a number out of its pattern. */
function toLogged(text: string): string {
  return maskPersonalData(text.slice(0, MAX_LOGGED_CHARACTERS * 2)).slice(0, MAX_LOGGED_CHARACTERS);
}
