import { defineNode, FatalNodeError, type NodeContext, type NodeType, z } from "@automatrix/core";
import { isJsonObject } from "../../json/json-kind.js";
import type { ChatAnswer, ChatMessage, ChatTool, ToolCall } from "../chat-model.js";
import type { AgentOptions } from "./agent-options.js";

/** Calls of tools that are read from one answer; what comes after is counted only. */
const MAX_TOOL_CALLS_PER_ANSWER = 32;
const MAX_ARGUMENT_CHARACTERS = 100_000;
/** Well below what the engine takes, since other objects stand around them. */
const MAX_ARGUMENT_DEPTH = 32;
const MAX_ANSWER_CHARACTERS = 1_000_000;

/** Input of one call of the model. */
export interface AgentTurnInput {
  readonly provider?: string;
  readonly model?: string;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ChatTool[];
  readonly temperature?: number;
  readonly maxTokens: number;
  readonly timeoutMs: number;
  /** Passes the text on as it comes. */
  readonly isStreamed: boolean;
  /** When the agent's time is over; milliseconds since the epoch. */
  readonly deadlineAt?: number;
}

/** A tool that the model wants called. */
export interface WantedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Why it cannot be called as the model wrote it. */
  readonly problem?: string;
}

/** What one call of the model came to, as it is recorded. */
export interface AgentTurn {
  readonly text: string;
  readonly calls: readonly WantedCall[];
  /** Calls beyond the limit, which are not read. */
  readonly droppedCalls: number;
  readonly finishReason: ChatAnswer["finishReason"];
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
  readonly cost: number | null;
  readonly model: string;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
}

/** One call of the model, as a node of its own: it holds a slot, is retried, and its answer is recorded. */
export function createAgentTurn({ models, credentials = [] }: AgentOptions): NodeType {
  return defineNode({
    type: "ai_agent_turn",
    label: "Ask the model of an agent",
    description: "Used by ai_agent itself: one call of the model, whose answer is recorded.",
    category: "ai",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    credentials,
    parameters: () => z.object({}),
    example: {
      parameters: {},
      input: { messages: [{ role: "user", content: "Hello" }], tools: [], maxTokens: 100, timeoutMs: 1_000 },
    },
    async execute(ctx: NodeContext) {
      const {
        provider,
        model: wanted,
        deadlineAt,
        timeoutMs,
        tools,
        isStreamed,
        ...request
      } = ctx.input as AgentTurnInput;
      const leftMs = deadlineAt === undefined ? timeoutMs : deadlineAt - ctx.clock.now();
      if (leftMs <= 0)
        throw new FatalNodeError("The agent's time is over (budget.maxDurationMs) and it has no answer yet.", {
          code: "agent_limit_reached",
        });
      const { model, modelName } = await models.open(ctx, { provider, model: wanted });
      const answer = await model.complete({
        ...request,
        model: modelName,
        ...(tools.length > 0 && { tools }),
        timeoutMs: Math.min(timeoutMs, leftMs),
        idempotencyKey: ctx.idempotencyKey,
        signal: ctx.signal,
        ...(isStreamed && { onText: (text: string) => ctx.stream(text) }),
      });
      return toTurn(answer, ctx.clock.now());
    },
  });
}

function toTurn(answer: ChatAnswer, endedAt: number): AgentTurn {
  const { text, toolCalls, finishReason, usage, cost = null, model } = answer;
  const { promptTokens, completionTokens, totalTokens } = usage;
  const kept = toolCalls.slice(0, MAX_TOOL_CALLS_PER_ANSWER);
  const ids = new Set<string>();
  return {
    text: text.slice(0, MAX_ANSWER_CHARACTERS),
    calls: kept.map((call, index) => ({ id: uniqueId(call.id, index, ids), ...toWantedCall(call) })),
    droppedCalls: toolCalls.length - kept.length,
    finishReason,
    promptTokens,
    completionTokens,
    totalTokens,
    cost,
    model,
    endedAt,
  };
}

/** Results are told apart by the ids of their calls, so these have to be there, and to differ. */
function uniqueId(id: unknown, index: number, taken: Set<string>): string {
  const usable =
    typeof id === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(id) && !taken.has(id) ? id : `call_${index + 1}`;
  taken.add(usable);
  return usable;
}

function toWantedCall({ name, arguments: given }: ToolCall): Omit<WantedCall, "id"> {
  const named = String(name).slice(0, 200);
  if (!isJsonObject(given)) return { name: named, arguments: {}, problem: "its arguments are no JSON object" };
  if (isDeeperThan(given, MAX_ARGUMENT_DEPTH))
    return { name: named, arguments: {}, problem: `its arguments are nested deeper than ${MAX_ARGUMENT_DEPTH} levels` };
  if (JSON.stringify(given).length > MAX_ARGUMENT_CHARACTERS)
    return {
      name: named,
      arguments: {},
      problem: `its arguments are longer than ${MAX_ARGUMENT_CHARACTERS} characters`,
    };
  return { name: named, arguments: given };
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeperThan(part, levels - 1));
}
