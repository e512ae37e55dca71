import { FatalNodeError, type NodeContext } from "@automatrix/core";
import { compileSchema, type SchemaIssue } from "../../json-schema/compile-schema.js";
import { type AskingParameters, ask } from "../asking/ask.js";
import { parseJsonAnswer } from "../asking/parse-json-answer.js";
import type { ChatAnswer, ChatMessage } from "../chat-model.js";
import type { ModelSource } from "../model-source.js";

const ISSUES_TOLD = 20;
/** An answer that is sent back for repair is cut to this. */
const MAX_RETURNED_CHARACTERS = 20_000;

export interface Extraction {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly messages: readonly ChatMessage[];
  /** How often the model is asked again after an answer that breaks the schema. */
  readonly maxRepairs: number;
}

export interface Extracted {
  readonly data: unknown;
  /** Every answer, the valid one last. */
  readonly answers: readonly [ChatAnswer, ...ChatAnswer[]];
}

/**
 * Asks until the answer is JSON that meets the schema, each time with what was wrong. Each call is a step of its own: one that
 * was paid and recorded is not made again after a crash or by a later attempt.
 * @throws FatalNodeError `ai_answer_invalid`
 */
export async function extract(
  ctx: NodeContext<AskingParameters>,
  models: ModelSource,
  { schema, messages: question, maxRepairs }: Extraction,
): Promise<Extracted> {
  const check = compileSchema(schema);
  const answers: ChatAnswer[] = [];
  let messages = question;
  for (let round = 0; ; round += 1) {
    const asked = messages;
    const answer = await ctx.step("ask", () =>
      ask(ctx, models, { messages: asked, responseSchema: schema, part: `ask-${round}` }),
    );
    answers.push(answer);
    const data = parseJsonAnswer(answer.text);
    const issues = data === undefined ? [NO_JSON] : check(data);
    if (issues.length === 0) return { data, answers: answers as [ChatAnswer, ...ChatAnswer[]] };
    refuseHopeless(answer);
    if (round >= maxRepairs) throw invalidAnswer(issues, answers.length);
    messages = [...question, ...repairMessages(answer, issues)];
  }
}

const NO_JSON: SchemaIssue = { path: "", keyword: "json", message: "is not JSON" };

/** Answers that asking again would not mend. */
function refuseHopeless({ finishReason }: ChatAnswer): void {
  if (finishReason === "content_filter")
    throw new FatalNodeError("The model refused to answer.", {
      code: "ai_answer_invalid",
      details: { reason: "refused" },
    });
  if (finishReason === "length")
    throw new FatalNodeError("The model's answer was cut off before it was complete; raise maxTokens.", {
      code: "ai_answer_invalid",
      details: { reason: "length" },
    });
}

function repairMessages({ text }: ChatAnswer, issues: readonly SchemaIssue[]): readonly ChatMessage[] {
  const list = issues.slice(0, ISSUES_TOLD).map((issue) => `- ${toText(issue)}`);
  const content = `Your answer does not meet the schema:\n${list.join("\n")}\nAnswer again with the whole JSON, corrected, and nothing else.`;
  const returned = text.trim() === "" ? "(nothing)" : text.slice(0, MAX_RETURNED_CHARACTERS);
  return [
    { role: "assistant", content: returned },
    { role: "user", content },
  ];
}

function invalidAnswer(issues: readonly SchemaIssue[], asked: number): FatalNodeError {
  const [first] = issues as readonly [SchemaIssue, ...SchemaIssue[]];
  const more = issues.length > 1 ? `, and ${issues.length - 1} more` : "";
  return new FatalNodeError(
    `After ${asked} ${asked === 1 ? "try" : "tries"} the model's answer still breaks the schema: ${toText(first)}${more}. ` +
      "Make the schema simpler, say more in instructions, or name a stronger model.",
    { code: "ai_answer_invalid", details: { reason: "schema", errors: issues.slice(0, ISSUES_TOLD) } },
  );
}

function toText({ path, message }: SchemaIssue): string {
  return `${path === "" ? "the answer" : path} ${message}`;
}
