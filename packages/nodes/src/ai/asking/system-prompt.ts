import type { ChatMessage } from "../chat-model.js";
import { toText } from "./to-text.js";

/** Longer facts are cut: a prompt is no place for documents. */
const MAX_FACT_CHARACTERS = 4_000;

type Context = Readonly<Record<string, unknown>>;

/** The system message that a node's parameters ask for; none when they say nothing. */
export function systemMessages(system: string | undefined, context: Context = {}): readonly ChatMessage[] {
  const content = [system ?? "", ...contextSentences(context)].filter((part) => part.trim() !== "").join("\n");
  return content === "" ? [] : [{ role: "system", content }];
}

function contextSentences({ dealership_name: dealership, department, ...facts }: Context): readonly string[] {
  return [
    ...(isGiven(dealership) ? [`You are representing ${toFact(dealership)}.`] : []),
    ...(isGiven(department) ? [`You are assisting the ${toFact(department)} department.`] : []),
    ...Object.entries(facts).flatMap(([name, value]) => (isGiven(value) ? [`${name}: ${toFact(value)}`] : [])),
  ];
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

function toFact(value: unknown): string {
  return toText(value).slice(0, MAX_FACT_CHARACTERS);
}
