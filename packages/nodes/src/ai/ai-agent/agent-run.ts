/**
 * One run of an agent: set-up → the model is asked → it answers: done; or it wants tools: they are called, and it is asked
 * again, until the steps or the budget are used up.
 *
 * Everything that takes time is a body, and a body that has a record is answered from it. So after a crash, a wait or a
 * retry this runs again from the start, and passes through what is recorded without doing it again. That only works while
 * nothing here depends on anything but what bodies answer; and nothing else may be awaited, because an engine that sees
 * no node of the agent run would take it for waiting.
 */
import { AutomatrixError, FatalNodeError, type NodeContext } from "@automatrix/core";
import { isInterruption } from "../../container/body-error.js";
import { toText } from "../asking/to-text.js";
import type { AgentParameters } from "./agent-parameters.js";
import type { AgentSetup } from "./agent-setup.js";
import { AgentSpending, type AgentUsage } from "./agent-spending.js";
import type { AgentTurn, AgentTurnInput } from "./agent-turn.js";
import { Conversation } from "./conversation.js";
import { SETUP_BODY, TURN_BODY } from "./tool-bodies.js";
import { type CallReport, ToolCalls } from "./tool-calls.js";

/** Agents within agents. */
const MAX_AGENT_DEPTH = 4;
/** Calls that the output lists. */
const MAX_LISTED_CALLS = 1_000;

export interface AgentOutput {
  readonly ai_response: string;
  readonly model_used: string;
  readonly tokens_used: number;
  readonly usage: AgentUsage;
  readonly finish_reason: AgentTurn["finishReason"];
  readonly cost: number | null;
  /** Calls of the model. */
  readonly steps: number;
  readonly tool_calls: readonly CallReport[];
  readonly agent_id?: string;
}

export async function runAgent(ctx: NodeContext<AgentParameters>): Promise<AgentOutput> {
  requireDepth(ctx.nodePath);
  const setup = (await ctx.runBody(SETUP_BODY, ctx.parameters, "setup")) as AgentSetup;
  return new AgentRun(ctx, setup).run();
}

class AgentRun {
  readonly #ctx: NodeContext<AgentParameters>;
  readonly #setup: AgentSetup;
  readonly #spending: AgentSpending;
  readonly #conversation: Conversation;
  readonly #calls: ToolCalls;
  readonly #reports: CallReport[] = [];
  #steps = 0;
  #waitedMs = 0;

  constructor(ctx: NodeContext<AgentParameters>, setup: AgentSetup) {
    const { system, tools, budget } = setup;
    const { prompt } = ctx.parameters;
    this.#ctx = ctx;
    this.#setup = setup;
    this.#spending = new AgentSpending(budget);
    this.#conversation = new Conversation({
      system,
      prompt: toText(prompt === undefined ? ctx.input : prompt),
      hasTools: tools.length > 0,
    });
    this.#calls = new ToolCalls({ ctx, setup, spending: this.#spending });
  }

  async run(): Promise<AgentOutput> {
    try {
      return await this.#loop();
    } catch (error) {
      throw isInterruption(error, this.#ctx.signal) ? error : this.#withSpending(error);
    }
  }

  async #loop(): Promise<AgentOutput> {
    const { maxSteps } = this.#setup;
    while (this.#steps < maxSteps) {
      this.#spending.requireRoom();
      const turn = await this.#ask();
      this.#spending.addTurn(turn);
      if (turn.calls.length === 0) return this.#finish(turn);
      const { texts, reports, waitedMs } = await this.#calls.run(turn, this.#steps);
      this.#waitedMs += waitedMs;
      this.#reports.push(...reports);
      this.#conversation.add(turn, texts);
      this.#ctx.progress(this.#steps / maxSteps, `step ${this.#steps}`);
    }
    throw new FatalNodeError(`The agent made ${maxSteps} steps (maxSteps) and has no answer yet.`, {
      code: "agent_limit_reached",
    });
  }

  #ask(): Promise<AgentTurn> {
    this.#steps += 1;
    const { provider, model, temperature, maxTokens, timeoutMs, tools, budget, startedAt } = this.#setup;
    const left = this.#spending.leftTokens ?? maxTokens;
    const input: AgentTurnInput = {
      ...(provider !== undefined && { provider }),
      ...(model !== undefined && { model }),
      ...(temperature !== undefined && { temperature }),
      messages: this.#conversation.messages,
      tools: tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
      maxTokens: Math.min(maxTokens, left),
      timeoutMs,
      isStreamed: this.#ctx.parameters.stream,
      ...(budget.maxDurationMs !== undefined && { deadlineAt: startedAt + this.#waitedMs + budget.maxDurationMs }),
    };
    return this.#ctx.runBody(TURN_BODY, input, `turn-${this.#steps}`) as Promise<AgentTurn>;
  }

  #finish({ text, model, finishReason }: AgentTurn): AgentOutput {
    const { usage, cost } = this.#spending;
    const { agentId } = this.#setup;
    return {
      ai_response: text,
      model_used: model,
      tokens_used: usage.total_tokens,
      usage,
      finish_reason: finishReason,
      cost,
      steps: this.#steps,
      tool_calls: this.#reports.slice(0, MAX_LISTED_CALLS),
      ...(agentId !== undefined && { agent_id: agentId }),
    };
  }

  /** What was paid is told also when there is no answer. */
  #withSpending(error: unknown): unknown {
    if (!AutomatrixError.is(error)) return error;
    const { usage, cost } = this.#spending;
    const details = { ...(error.details as object | undefined), usage, cost, steps: this.#steps };
    const options = { details, cause: error.cause };
    if (error.name === "FatalNodeError") return new FatalNodeError(error.message, { ...options, code: error.code });
    return new AutomatrixError(error.code, error.message, options);
  }
}

/** The keys of bodies with a sub-agent stand in the path; ids of nodes cannot hold brackets. */
function requireDepth(nodePath: string): void {
  const depth = nodePath.split("[agent-").length;
  if (depth > MAX_AGENT_DEPTH)
    throw new FatalNodeError(`Agents may call agents ${MAX_AGENT_DEPTH} deep; this one would be deeper.`, {
      code: "agent_limit_reached",
    });
}
