import { defineNode, type NodeType, z } from "@automatrix/core";
import { passedThrough, usageOutput } from "../asking/answer-output.js";
import { ask } from "../asking/ask.js";
import { chatParameters, promptParameter, streamParameter, systemParameters } from "../asking/model-parameters.js";
import { systemMessages } from "../asking/system-prompt.js";
import { toText } from "../asking/to-text.js";
import type { ModelSource } from "../model-source.js";

const aiProcessParameters = () =>
  z.object({
    prompt: promptParameter().describe("What the model is asked; a value that is no text is written as JSON."),
    ...systemParameters(),
    ...chatParameters(),
    stream: streamParameter(),
  });

/** Asks a model once; the input passes through beside the answer. */
export function createAiProcess(
  models: ModelSource,
  credentials: readonly string[],
): NodeType<"ai_process", ReturnType<typeof aiProcessParameters>> {
  return defineNode({
    type: "ai_process",
    label: "Process with AI",
    description: "Asks a language model once. The output is the input with the answer and what it cost beside it.",
    category: "ai",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    credentials,
    parameters: aiProcessParameters,
    example: {
      parameters: { prompt: "Summarize in one sentence: {{input.text}}", context: { department: "service" } },
      input: { text: "The car needs new brakes, and the customer asks for a loan car." },
    },
    async execute(ctx) {
      const { prompt, system, context, stream } = ctx.parameters;
      const answer = await ask(ctx, models, {
        messages: [...systemMessages(system, context), { role: "user", content: toText(prompt) }],
        isStreamed: stream,
      });
      return { ...passedThrough(ctx.input), ai_response: answer.text, ...usageOutput(answer) };
    },
  });
}
