import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { FakeAiReply, FakeAiRequest } from "./fake-ai-wire.js";
import { answerAsAnthropic } from "./fake-anthropic-wire.js";
import { answerAsOpenAi } from "./fake-openai-wire.js";

export type { FakeAiReply, FakeAiRequest } from "./fake-ai-wire.js";

/** A server on loopback that speaks the wire formats of AI providers. */
export interface FakeAiProvider extends AsyncDisposable {
  readonly url: string;
  /** `baseUrl` of providers of the kinds `openai` and `openai_compatible`. */
  readonly openAiUrl: string;
  /** Every call so far. */
  readonly requests: readonly FakeAiRequest[];
  /** Calls that are being answered at this moment, and the most there were at once. */
  readonly inFlight: { readonly now: number; readonly most: number };
  /** Answers for the next calls, in order; after them come default answers. */
  reply(...replies: readonly FakeAiReply[]): void;
  /** Answers every call by this function, once the queue of `reply` is empty. */
  answerWith(answer: (request: FakeAiRequest, index: number) => FakeAiReply | Promise<FakeAiReply>): void;
  /** Resolves when the next call has come in. */
  nextRequest(): Promise<FakeAiRequest>;
  close(): Promise<void>;
}

export async function startFakeAiProvider(): Promise<FakeAiProvider> {
  const requests: FakeAiRequest[] = [];
  const queue: FakeAiReply[] = [];
  const inFlight = { now: 0, most: 0 };
  const waiting: ((request: FakeAiRequest) => void)[] = [];
  let answer: (request: FakeAiRequest, index: number) => FakeAiReply | Promise<FakeAiReply> = () => ({});

  const server = createServer((incoming, outgoing) => {
    inFlight.now += 1;
    inFlight.most = Math.max(inFlight.most, inFlight.now);
    outgoing.on("close", () => {
      inFlight.now -= 1;
    });
    handle(incoming, outgoing).catch(() => outgoing.destroy());
  });

  async function handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    const index = requests.push(request) - 1;
    for (const resolve of waiting.splice(0)) resolve(request);
    const reply = queue.shift() ?? (await answer(request, index));
    if (reply.hang === true) return;
    if (reply.disconnect === true) {
      outgoing.destroy();
      return;
    }
    if (reply.raw !== undefined) {
      outgoing.writeHead(reply.status ?? 200, {
        "content-type": reply.contentType ?? "application/json",
        ...reply.headers,
      });
      outgoing.end(reply.raw);
      return;
    }
    if (request.path.endsWith("/messages")) await answerAsAnthropic(request, reply, outgoing);
    else await answerAsOpenAi(request, reply, outgoing);
  }

  const url = await listen(server);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    url,
    openAiUrl: `${url}/v1`,
    requests,
    inFlight,
    reply: (...replies) => {
      queue.push(...replies);
    },
    answerWith: (given) => {
      answer = given;
    },
    nextRequest: () => new Promise((resolve) => waiting.push(resolve)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function readRequest(incoming: IncomingMessage): Promise<FakeAiRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return {
    method: incoming.method ?? "GET",
    path: (incoming.url ?? "/").split("?")[0] as string,
    headers: incoming.headers,
    body: parse(text),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}
