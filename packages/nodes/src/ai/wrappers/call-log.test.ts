import { describe, expect, it } from "vitest";
import { aiContext } from "../../../test/support/ai-context.js";
import { chatRequest, scriptedModel } from "../../../test/support/scripted-model.js";
import type { AiCall, AiOptions } from "../ai-options.js";
import { createProviderError } from "../provider-error.js";
import { withCallLog } from "./call-log.js";

const REQUEST = chatRequest({
  messages: [{ role: "user", content: "Write to ada@example.com about card 4111 1111 1111 1111" }],
});

describe("the log of calls", () => {
  const call = async (
    options: AiOptions,
    model = scriptedModel(() => ({ text: "Done, ada@example.com", cost: 0.25 })),
  ) => {
    const context = aiContext({ tenant: "t" });
    await withCallLog(model, { ctx: context.ctx, options })
      .complete(REQUEST)
      .catch(() => {});
    return context.logs;
  };

  it("holds numbers and no content", async () => {
    const [line] = await call({});
    expect(line).toMatchObject({ level: "info", fields: { provider: "scripted", model: "m", tokens: 15, cost: 0.25 } });
    expect(JSON.stringify(line)).not.toContain("ada");
  });

  it("holds masked content when asked for", async () => {
    const [line] = await call({ logging: { content: true } });
    expect(line?.fields).toMatchObject({ prompt: "user: Write to [email] about card [card]", answer: "Done, [email]" });
  });

  it("cuts long content", async () => {
    const [line] = await call(
      { logging: { content: true } },
      scriptedModel(() => ({ text: "x".repeat(1_000_000) })),
    );
    expect(String(line?.fields["answer"]).length).toBeLessThan(3_000);
  });

  it("tells the host of answers and failures, and does not mind what it throws", async () => {
    const calls: AiCall[] = [];
    const options: AiOptions = {
      onCall: (one) => {
        calls.push(one);
        throw new Error("host");
      },
    };
    await call(options);
    const failing = scriptedModel(() => {
      throw createProviderError("no", { provider: "p", model: "m", reason: "timeout" });
    });
    const [line] = await call(options, failing);
    expect(line?.level).toBe("warn");
    expect(calls).toMatchObject([
      { tenant: "t", executionId: "execution-1", nodePath: "node", tokens: 15, cost: 0.25 },
      { tokens: 0, cost: null, error: { code: "ai_provider_error", reason: "timeout" } },
    ]);
  });
});
