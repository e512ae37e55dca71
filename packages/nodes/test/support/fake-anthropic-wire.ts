import type { ServerResponse } from "node:http";
import { type FakeAiReply, type FakeAiRequest, lastText, sendJson, toPieces, write } from "./fake-ai-wire.js";

/** Answers as Anthropic does to `/v1/messages`. */
export async function answerAsAnthropic(
  request: FakeAiRequest,
  reply: FakeAiReply,
  outgoing: ServerResponse,
): Promise<void> {
  const { status = 200, message = "It failed.", errorType = "some_error" } = reply;
  if (status !== 200)
    return sendJson(outgoing, status, { type: "error", error: { type: errorType, message } }, reply.headers);
  if (request.body?.stream === true && reply.ignoreStream !== true) return stream(request, reply, outgoing);
  sendJson(outgoing, 200, toMessage(request, reply), reply.headers);
}

function toMessage(request: FakeAiRequest, reply: FakeAiReply): unknown {
  const calls = toCalls(reply);
  const text = textOf(request, reply);
  return {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: reply.model ?? request.body?.model,
    content: [...(text === "" ? [] : [{ type: "text", text }]), ...calls],
    stop_reason: stopReasonOf(reply),
    stop_sequence: null,
    ...(reply.usage !== null && { usage: toUsage(reply) }),
  };
}

async function stream(request: FakeAiRequest, reply: FakeAiReply, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(200, { "content-type": "text/event-stream", ...reply.headers });
  const send = (type: string, rest: object) =>
    write(outgoing, `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  const { prompt } = reply.usage ?? { prompt: 10 };
  await send("message_start", {
    message: {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: reply.model ?? request.body?.model,
      content: [],
      stop_reason: null,
      usage: { input_tokens: prompt, output_tokens: 1 },
    },
  });
  await send("ping", {});
  await send("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
  for (const [index, text] of toPieces(textOf(request, reply)).entries()) {
    if (index === reply.breakAfter) return void outgoing.destroy();
    if (index === reply.hangAfter) return;
    if (index === reply.endAfter) return void outgoing.end();
    if (index === reply.failAfter) {
      await send("error", { error: { type: reply.errorType ?? "overloaded_error", message: "It gave up." } });
      return void outgoing.end();
    }
    await send("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
  }
  await send("content_block_stop", { index: 0 });
  for (const [offset, call] of toCalls(reply).entries()) {
    const index = offset + 1;
    await send("content_block_start", { index, content_block: { ...call, input: {} } });
    for (const piece of toPieces(JSON.stringify(call.input)))
      await send("content_block_delta", { index, delta: { type: "input_json_delta", partial_json: piece } });
    await send("content_block_stop", { index });
  }
  const { completion } = reply.usage ?? { completion: 5 };
  await send("message_delta", {
    delta: { stop_reason: stopReasonOf(reply), stop_sequence: null },
    usage: { output_tokens: completion },
  });
  await send("message_stop", {});
  outgoing.end();
}

function toCalls({ toolCalls = [] }: FakeAiReply) {
  return toolCalls.map(({ id, name, arguments: input }, index) => ({
    type: "tool_use" as const,
    id: id ?? `toolu_${index}`,
    name,
    input,
  }));
}

function stopReasonOf({ finishReason, toolCalls = [], refusal }: FakeAiReply): string {
  if (refusal !== undefined) return "refusal";
  return finishReason ?? (toolCalls.length > 0 ? "tool_use" : "end_turn");
}

function textOf(request: FakeAiRequest, { text, refusal, toolCalls }: FakeAiReply): string {
  return text ?? refusal ?? (toolCalls === undefined ? `You said: ${lastText(request)}` : "");
}

function toUsage({ usage }: FakeAiReply): unknown {
  const { prompt, completion } = usage ?? { prompt: 10, completion: 5 };
  return { input_tokens: prompt, output_tokens: completion };
}
