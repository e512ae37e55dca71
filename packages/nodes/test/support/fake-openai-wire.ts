import type { ServerResponse } from "node:http";
import { type FakeAiReply, type FakeAiRequest, lastText, sendJson, toPieces, write } from "./fake-ai-wire.js";

/** Answers as OpenAI does, for chat, embeddings, images and moderation. */
export async function answerAsOpenAi(
  request: FakeAiRequest,
  reply: FakeAiReply,
  outgoing: ServerResponse,
): Promise<void> {
  const { status = 200 } = reply;
  if (status !== 200) return sendJson(outgoing, status, toError(reply), reply.headers);
  if (request.path.endsWith("/embeddings")) return sendJson(outgoing, 200, toEmbeddings(request, reply));
  if (request.path.endsWith("/moderations")) return sendJson(outgoing, 200, toModeration(reply));
  if (request.path.endsWith("/images/generations")) return sendJson(outgoing, 200, toImages(reply));
  if (request.body?.stream === true && reply.ignoreStream !== true) return stream(request, reply, outgoing);
  sendJson(outgoing, 200, toCompletion(request, reply), reply.headers);
}

function toError({ message = "It failed.", errorType = "some_error" }: FakeAiReply): unknown {
  return { error: { message, type: errorType, param: null, code: errorType } };
}

function toCompletion(request: FakeAiRequest, reply: FakeAiReply): unknown {
  const calls = toCalls(reply);
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: reply.model ?? request.body?.model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: reply.refusal === undefined && calls.length === 0 ? textOf(request, reply) : (reply.text ?? null),
          refusal: reply.refusal ?? null,
          ...(calls.length > 0 && { tool_calls: calls }),
        },
        finish_reason: finishReasonOf(reply),
      },
    ],
    ...(reply.usage !== null && { usage: toUsage(reply) }),
  };
}

async function stream(request: FakeAiRequest, reply: FakeAiReply, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(200, { "content-type": "text/event-stream", ...reply.headers });
  const send = (part: object) => write(outgoing, `data: ${JSON.stringify(toChunk(request, reply, part))}\n\n`);
  const pieces = reply.refusal === undefined && toCalls(reply).length === 0 ? toPieces(textOf(request, reply)) : [];
  await send({ delta: { role: "assistant", content: "" } });
  for (const [index, content] of pieces.entries()) {
    if (index === reply.breakAfter) return void outgoing.destroy();
    if (index === reply.hangAfter) return;
    if (index === reply.endAfter) return void outgoing.end();
    if (index === reply.failAfter)
      return void outgoing.end(
        `data: ${JSON.stringify({ error: { message: "It gave up.", type: "server_error" } })}\n\n`,
      );
    await send({ delta: { content } });
  }
  if (reply.refusal !== undefined) await send({ delta: { refusal: reply.refusal } });
  for (const [index, call] of toCalls(reply).entries()) {
    await send({
      delta: {
        tool_calls: [{ index, id: call.id, type: "function", function: { name: call.function.name, arguments: "" } }],
      },
    });
    for (const piece of toPieces(call.function.arguments))
      await send({ delta: { tool_calls: [{ index, function: { arguments: piece } }] } });
  }
  await send({ delta: {}, finish_reason: finishReasonOf(reply) });
  if (reply.usage !== null && request.body?.stream_options?.include_usage === true)
    await write(
      outgoing,
      `data: ${JSON.stringify({ ...toChunk(request, reply, {}), choices: [], usage: toUsage(reply) })}\n\n`,
    );
  outgoing.end("data: [DONE]\n\n");
}

function toChunk(request: FakeAiRequest, reply: FakeAiReply, part: object): object {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: reply.model ?? request.body?.model,
    choices: [{ index: 0, finish_reason: null, ...part }],
  };
}

function toCalls({ toolCalls = [] }: FakeAiReply) {
  return toolCalls.map((call, index) => ({
    id: call.id ?? `call_${index}`,
    type: "function" as const,
    function: {
      name: call.name,
      arguments: typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments),
    },
  }));
}

function finishReasonOf({ finishReason, toolCalls = [] }: FakeAiReply): string {
  return finishReason ?? (toolCalls.length > 0 ? "tool_calls" : "stop");
}

function textOf(request: FakeAiRequest, { text }: FakeAiReply): string {
  return text ?? `You said: ${lastText(request)}`;
}

function toUsage({ usage }: FakeAiReply): unknown {
  const { prompt, completion } = usage ?? { prompt: 10, completion: 5 };
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function toEmbeddings({ body }: FakeAiRequest, { vectors, usage }: FakeAiReply): unknown {
  const texts: readonly string[] = Array.isArray(body.input) ? body.input : [body.input];
  const data = (vectors ?? texts.map((text) => [text.length, 1])).map((embedding, index) => ({
    object: "embedding",
    index,
    embedding,
  }));
  const prompt = usage?.prompt ?? texts.length;
  return {
    object: "list",
    data: [...data].reverse(),
    model: body.model,
    usage: { prompt_tokens: prompt, total_tokens: prompt },
  };
}

function toModeration({ scores = {} }: FakeAiReply): unknown {
  const categories = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, score > 0.5]));
  const flagged = Object.values(categories).includes(true);
  return { id: "modr-1", model: "omni-moderation-latest", results: [{ flagged, categories, category_scores: scores }] };
}

function toImages({ images = [Buffer.from("image").toString("base64")] }: FakeAiReply): unknown {
  return { created: 1, data: images.map((image) => (image.startsWith("http") ? { url: image } : { b64_json: image })) };
}
