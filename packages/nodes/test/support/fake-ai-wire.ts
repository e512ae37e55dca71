import type { ServerResponse } from "node:http";

/** A call that the fake provider got. */
export interface FakeAiRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON, else the text. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of many shapes
  readonly body: any;
}

/** What the fake provider answers, in the wire format of the path that was called. */
export interface FakeAiReply {
  /** Text of the assistant. Default: `You said: ` and the last message. */
  readonly text?: string;
  /** Arguments as a value, or as the very text that a model wrote. */
  readonly toolCalls?: readonly { readonly id?: string; readonly name: string; readonly arguments: unknown }[];
  /** In the words of the wire format: `stop`, `length`, `end_turn`, `refusal`, … */
  readonly finishReason?: string;
  readonly refusal?: string;
  /** Default: 10 and 5. Null leaves it out. */
  readonly usage?: { readonly prompt: number; readonly completion: number } | null;
  readonly model?: string;
  /** Other than 200: an error with this message. */
  readonly status?: number;
  readonly message?: string;
  readonly errorType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** This text as the body, instead of anything that is right. */
  readonly raw?: string;
  readonly contentType?: string;
  /** Never answers. */
  readonly hang?: boolean;
  /** Closes the connection without an answer. */
  readonly disconnect?: boolean;
  /** In a stream: closes the connection after this many pieces of text. */
  readonly breakAfter?: number;
  /** In a stream: sends nothing more after this many pieces, and stays open. */
  readonly hangAfter?: number;
  /** In a stream: ends properly after this many pieces, without saying why. */
  readonly endAfter?: number;
  /** In a stream: reports an error after this many pieces. */
  readonly failAfter?: number;
  /** Answers whole although a stream was asked for. */
  readonly ignoreStream?: boolean;
  /** Vectors for `/embeddings`. Default: one for each text, of its length. */
  readonly vectors?: readonly (readonly number[])[];
  /** Categories of `/moderations` with their scores; those above 0.5 are flagged. */
  readonly scores?: Readonly<Record<string, number>>;
  /** Images in base64. */
  readonly images?: readonly string[];
}

/** Answers with JSON. */
export function sendJson(
  outgoing: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  outgoing.writeHead(status, { "content-type": "application/json", ...headers });
  outgoing.end(JSON.stringify(body));
}

/** The text of the last message, for default answers. */
export function lastText({ body }: FakeAiRequest): string {
  const content: unknown = body?.messages?.at?.(-1)?.content;
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((block: { text?: string }) => block.text ?? "").join("") : "";
}

/** Some pieces that together are the text, as tokens would be. */
export function toPieces(text: string): readonly string[] {
  return text.match(/[\s\S]{1,8}/g) ?? [];
}

/** Writes a piece and lets it reach the other side before the next. */
export function write(outgoing: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve) => {
    outgoing.write(text, () => setImmediate(resolve));
  });
}
