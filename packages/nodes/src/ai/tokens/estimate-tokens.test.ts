import { encode } from "gpt-tokenizer";
import { describe, expect, it } from "vitest";
import { chatRequest } from "../../../test/support/scripted-model.js";
import { estimatePromptTokens, estimateTokens } from "./estimate-tokens.js";

describe("estimates of tokens", () => {
  it.each([
    "The customer asks whether the car can be picked up on Saturday morning before nine o'clock.",
    "Die Kundin möchte wissen, ob sie das Auto am Samstagvormittag abholen könnte.",
    "お客様は土曜日の朝に車を受け取れるかどうか尋ねています。",
    'export function add(a: number, b: number): number {\n  return a + b;\n}\n{"name": "Ada", "age": 36}',
  ])("are not below the real number for %s", (text) => {
    expect(estimateTokens(text)).toBeGreaterThanOrEqual(encode(text).length);
    expect(estimateTokens(text)).toBeLessThan(encode(text).length * 3);
  });

  it("count tools, schemas and tool calls too", () => {
    const bare = estimatePromptTokens(chatRequest());
    const tools = [{ name: "t", description: "Does it.", parameters: { type: "object" } }];
    expect(estimatePromptTokens(chatRequest({ tools }))).toBeGreaterThan(bare);
    expect(estimatePromptTokens(chatRequest({ responseSchema: { type: "object" } }))).toBeGreaterThan(bare);
    const toolCalls = [{ id: "1", name: "t", arguments: { text: "x".repeat(300) } }];
    const messages = [{ role: "assistant", content: "", toolCalls }] as const;
    expect(estimatePromptTokens(chatRequest({ messages }))).toBeGreaterThan(100);
  });
});
