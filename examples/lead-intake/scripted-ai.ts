import { defineNode, z } from "@automatrix/core";

/** A stand-in for a model: no network, always the same answer to the same prompt. */
export const scriptedAi = defineNode({
  type: "ai_process",
  label: "AI Process (scripted)",
  category: "ai",
  effects: "idempotent",
  parameters: () => z.object({ prompt: z.string().describe("What the model is asked") }),
  execute(ctx) {
    const wantsTestDrive = /test drive/i.test(ctx.parameters.prompt);
    return {
      ...ctx.input,
      ai_response: wantsTestDrive
        ? "Lead: wants a test drive. Next step: call back and offer a time."
        : "Lead: general question. Next step: answer by e-mail.",
      model_used: "scripted",
    };
  },
});
