import { AutomatrixError, FatalNodeError, type NodeContext } from "@automatrix/core";
import { canonicalJson } from "../../json/canonical-json.js";
import { isJsonObject } from "../../json/json-kind.js";
import { compileSchema } from "../../json-schema/compile-schema.js";
import type { AgentBudget, AgentParameters } from "./agent-parameters.js";
import type { AgentSetup } from "./agent-setup.js";
import type { AgentSpending } from "./agent-spending.js";
import type { AgentTurn, WantedCall } from "./agent-turn.js";
import type { ResolvedTool } from "./resolved-tool.js";
import { type ApprovalAnswer, approvalBody, isParameterName, type ToolFailure, toolBody } from "./tool-bodies.js";
import { cutResult, toResultText } from "./tool-result.js";

const MAX_TOLD_ISSUES = 10;
const MAX_TOLD_ERROR_CHARACTERS = 2_000;
const MAX_SHOWN_ARGUMENT_CHARACTERS = 4_000;
/** Calls of one answer that are made; a model may ask for the others again. */
const MAX_CALLS_PER_TURN = 16;
/** Refused repeats of one call after which the agent is stuck. */
const MAX_REFUSED_REPEATS = 3;

/** What became of a call. `refused`: it was not made, and the model was told why. */
export type CallStatus = "completed" | "failed" | "rejected" | "timed_out" | "refused";

/** A call of a tool as the output of the agent lists it. */
export interface CallReport {
  readonly step: number;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly status: CallStatus;
}

interface PlannedCall {
  readonly key: string;
  readonly call: WantedCall;
  readonly tool: ResolvedTool | undefined;
  /** Why the call is not made, for the model. */
  refusal: { readonly status: CallStatus; readonly text: string } | undefined;
}

interface CallResult {
  readonly status: CallStatus;
  readonly text: string;
}

export interface TurnResults {
  readonly texts: readonly string[];
  readonly reports: readonly CallReport[];
  /** Milliseconds that were spent waiting for approvals. */
  readonly waitedMs: number;
}

export interface ToolCallsParams {
  readonly ctx: NodeContext<AgentParameters>;
  readonly setup: AgentSetup;
  readonly spending: AgentSpending;
}

/**
 * Makes the calls that the model wants. Each is a body of its own, whose outcome is recorded: after a crash it is not made
 * again. What cannot be called is told to the model, which may do better. Approvals of one turn are asked for together;
 * calls are made in order, neighbours that change nothing at once.
 */
export class ToolCalls {
  readonly #ctx: NodeContext<AgentParameters>;
  readonly #setup: AgentSetup;
  readonly #spending: AgentSpending;
  readonly #tools: ReadonlyMap<string, ResolvedTool>;
  /** How often each call was wanted. */
  readonly #wanted = new Map<string, number>();

  constructor({ ctx, setup, spending }: ToolCallsParams) {
    this.#ctx = ctx;
    this.#setup = setup;
    this.#spending = spending;
    this.#tools = new Map(setup.tools.map((tool) => [tool.name, tool]));
  }

  /** @throws FatalNodeError `agent_limit_reached` when the model goes on asking for a call that it was refused */
  async run(turn: AgentTurn, step: number): Promise<TurnResults> {
    const planned = turn.calls.map((call, index) => this.#plan(call, index, step));
    const waitedMs = await this.#askForApprovals(planned, turn.endedAt);
    const results = await this.#make(planned);
    const texts = results.map(({ text }) => text);
    if (turn.droppedCalls > 0 && texts.length > 0)
      texts.push(
        `${texts.pop()}\n[${turn.droppedCalls} further calls of this answer were not made: they were too many.]`,
      );
    const reports = planned.map(({ call }, index) => ({
      step,
      name: call.name,
      arguments: call.arguments,
      status: (results[index] as CallResult).status,
    }));
    return { texts, reports, waitedMs };
  }

  #plan(call: WantedCall, index: number, step: number): PlannedCall {
    const tool = this.#tools.get(call.name);
    const kind = tool?.target.kind === "agent" ? "agent" : "tool";
    const text = this.#refusalOf(call, tool, index);
    return {
      key: `${kind}-${step}-${index + 1}`,
      call,
      tool,
      refusal: text === undefined ? undefined : { status: "refused", text },
    };
  }

  #refusalOf(call: WantedCall, tool: ResolvedTool | undefined, index: number): string | undefined {
    if (index >= MAX_CALLS_PER_TURN)
      return `This call was not made: only ${MAX_CALLS_PER_TURN} calls of one answer are. Ask again if it is still needed.`;
    if (tool === undefined) {
      const names = [...this.#tools.keys()].join(", ") || "none";
      return `There is no tool of this name. The tools are: ${names}.`;
    }
    if (call.problem !== undefined) return `The call was not made: ${call.problem}.`;
    const issues = issuesOf(tool, call.arguments);
    if (issues.length > 0) return `The call was not made, because its arguments are wrong: ${issues.join("; ")}.`;
    if (this.#isRepeated(call))
      return `This very call was made ${this.#ctx.parameters.maxIdenticalCalls} times already and is not made again. Use the results above, or do something else.`;
    if (!this.#spending.takeToolCall())
      return "The call was not made: no more calls of tools are allowed. Answer with what you know.";
    return undefined;
  }

  #isRepeated({ name, arguments: given }: WantedCall): boolean {
    const { maxIdenticalCalls } = this.#ctx.parameters;
    const key = `${name} ${canonicalJson(given)}`;
    const count = (this.#wanted.get(key) ?? 0) + 1;
    this.#wanted.set(key, count);
    if (count <= maxIdenticalCalls) return false;
    if (count < maxIdenticalCalls + MAX_REFUSED_REPEATS) return true;
    throw new FatalNodeError(
      `The agent goes round in circles: it wants the tool "${name}" with the same arguments again and again.`,
      { code: "agent_limit_reached" },
    );
  }

  /** Asks for all of a turn at once; resolves to how long that took. */
  async #askForApprovals(planned: readonly PlannedCall[], since: number): Promise<number> {
    const asked = planned.filter(({ tool, refusal }) => tool?.requiresApproval === true && refusal === undefined);
    const answers = await Promise.all(asked.map((call) => this.#askFor(call)));
    for (const [index, call] of asked.entries()) call.refusal = refusalBy(answers[index] as ApprovalAnswer);
    return Math.max(0, ...answers.map(({ at }) => (Date.parse(at) || since) - since));
  }

  #askFor({ key, call }: PlannedCall): Promise<ApprovalAnswer> {
    const given = JSON.stringify(call.arguments);
    const shown =
      given.length > MAX_SHOWN_ARGUMENT_CHARACTERS ? `${given.slice(0, MAX_SHOWN_ARGUMENT_CHARACTERS)}…` : given;
    const { definition, input } = approvalBody(
      `The agent wants to call "${call.name}" with ${shown}`,
      this.#setup.approval,
    );
    return this.#ctx.runBody(definition, input, `approve-${key}`) as Promise<ApprovalAnswer>;
  }

  async #make(planned: readonly PlannedCall[]): Promise<readonly CallResult[]> {
    const results: CallResult[] = [];
    for (let next = 0; next < planned.length; ) {
      const isBeside = (call: PlannedCall | undefined): boolean =>
        call?.refusal !== undefined || call?.tool?.isPure === true;
      let end = next + 1;
      if (isBeside(planned[next])) while (end < planned.length && isBeside(planned[end])) end += 1;
      results.push(...(await Promise.all(planned.slice(next, end).map((call) => this.#makeOne(call)))));
      next = end;
    }
    return results;
  }

  async #makeOne({ key, call, tool, refusal }: PlannedCall): Promise<CallResult> {
    if (refusal !== undefined || tool === undefined) return refusal ?? { status: "refused", text: "" };
    const { definition, input } = toolBody(this.#withBudget(tool), call.arguments);
    const output = await this.#ctx.runBody(definition, input, key).catch((error: unknown) => asFailure(tool, error));
    if (tool.target.kind === "agent")
      this.#spending.addReported(isFailure(output) ? output.toolFailure.details : output);
    const { maxToolResultCharacters } = this.#ctx.parameters;
    if (!isFailure(output)) return { status: "completed", text: toResultText(tool, output, maxToolResultCharacters) };
    const text = `The tool failed: ${output.toolFailure.message}`;
    return { status: "failed", text: cutResult(text, MAX_TOLD_ERROR_CHARACTERS) };
  }

  /** A sub-agent gets what is left of the budget, and the same people approve for it. */
  #withBudget(tool: ResolvedTool): ResolvedTool {
    if (tool.target.kind !== "agent") return tool;
    const { parameters } = tool.target;
    const budget = this.#spending.budgetFor(parameters["budget"] as AgentBudget | undefined);
    const inherited = { budget, approval: this.#setup.approval };
    return { ...tool, target: { kind: "agent", parameters: { ...parameters, ...inherited } } };
  }
}

function issuesOf({ parameters }: ResolvedTool, given: Readonly<Record<string, unknown>>): readonly string[] {
  const unnameable = Object.keys(given).filter((name) => !isParameterName(name));
  if (unnameable.length > 0) return ["it has an argument with a name that is not allowed"];
  const { $schema: _, ...schema } = parameters;
  return compileSchema(schema)(given)
    .slice(0, MAX_TOLD_ISSUES)
    .map(({ path, message }) => `${path === "" ? "the arguments" : path} ${message}`);
}

function refusalBy({ decision, by, comment }: ApprovalAnswer): PlannedCall["refusal"] {
  if (decision === "approved") return undefined;
  if (decision === "timed_out")
    return { status: "timed_out", text: "The call was not made: nobody approved it in time." };
  const why = comment === null || comment === "" ? "" : ` They say: ${comment.slice(0, MAX_TOLD_ERROR_CHARACTERS)}`;
  return { status: "rejected", text: `The call was not made: ${by ?? "somebody"} rejected it.${why}` };
}

function isFailure(output: unknown): output is ToolFailure {
  return isJsonObject(output) && isJsonObject(output["toolFailure"]);
}

/** Arguments that the node's own schema refuses are told to the model; anything else ends the agent. */
function asFailure(tool: ResolvedTool, error: unknown): ToolFailure {
  if (!AutomatrixError.is(error) || error.code !== "invalid_definition") throw error;
  const { issues = [] } = error as { issues?: readonly { readonly code: string; readonly message: string }[] };
  const isWrong = issues.some(({ code }) => code === "unknown_node_type" || code === "unknown_node_version");
  if (isWrong)
    throw new FatalNodeError(
      `The agent's tool "${tool.name}" is of a node type that is not registered with the engine.`,
      {
        code: "not_configured",
        cause: error,
      },
    );
  const message = issues
    .map((issue) => issue.message)
    .slice(0, MAX_TOLD_ISSUES)
    .join("; ");
  return { toolFailure: { code: error.code, message } };
}
