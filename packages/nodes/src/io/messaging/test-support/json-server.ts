import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface SeenRequest {
  readonly method: string;
  /** Path with its query, as sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON, or the text when it is none. */
  readonly body: unknown;
}

export interface JsonAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface JsonServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: SeenRequest[];
}

/** A server on loopback that answers as told; null ends the connection without an answer, undefined never answers. */
export async function openJsonServer(
  answer: (request: SeenRequest, index: number) => JsonAnswer | null | undefined,
): Promise<JsonServer> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on("error", () => undefined);
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      const text = Buffer.concat(parts).toString("utf8");
      const { method = "", url = "", headers } = incoming;
      const request = { method, url, headers, text, body: parse(text) };
      const reply = answer(request, requests.push(request) - 1);
      if (reply === null) return incoming.socket.destroy();
      if (reply === undefined) return undefined;
      const { status = 200, body } = reply;
      outgoing.writeHead(status, { "content-type": "application/json", ...reply.headers });
      return outgoing.end(typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    requests,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
