import { defineNode, type NodeType, z } from "@automatrix/core";

const MILLISECONDS_OF_THOUGHT = 40;
const CHARACTERS_PER_TOKEN = 4;

/** A stand-in for the AI step of the example: no model and no network, always the same answer to the same prompt. */
export function scriptedAi(): NodeType {
  return defineNode({
    type: "ai_process",
    label: "AI Process (scripted)",
    category: "ai",
    effects: "idempotent",
    parameters: () => z.object({ prompt: z.string().describe("What the model is asked") }),
    async execute(ctx) {
      await pause(ctx.clock, MILLISECONDS_OF_THOUGHT, ctx.signal);
      return { ...ctx.input, ...answer(ctx.parameters.prompt) };
    },
  });
}

function answer(prompt: string): Readonly<Record<string, unknown>> {
  const wantsTestDrive = /test drive/i.test(prompt);
  const text = wantsTestDrive
    ? "Lead: wants a test drive. Next step: call back and offer a time."
    : "Lead: general question. Next step: answer by e-mail.";
  const promptTokens = Math.ceil(prompt.length / CHARACTERS_PER_TOKEN);
  const completionTokens = Math.ceil(text.length / CHARACTERS_PER_TOKEN);
  return {
    ai_response: text,
    model_used: "scripted",
    tokens_used: promptTokens + completionTokens,
    finish_reason: "stop",
    cost: 0,
  };
}

interface TimerClock {
  now(): number;
  setTimer(at: number, run: () => void): () => void;
}

function pause(clock: TimerClock, durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelTimer = clock.setTimer(clock.now() + durationMs, resolve);
    signal.addEventListener(
      "abort",
      () => {
        cancelTimer();
        reject(signal.reason);
      },
      { once: true },
    );
  });
}
