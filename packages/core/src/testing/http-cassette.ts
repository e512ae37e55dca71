/**
 * Answers of a real server, kept in a file: recorded once, then replayed, so that a test needs no server and no key.
 *
 * What is kept of a request: method, address without the query's secrets, and a digest of its body. Its headers are not,
 * since that is where secrets are; of an answer those headers are kept that nodes read.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AutomatrixError } from "../errors/errors.js";

/** Headers of answers that are kept. */
const KEPT_HEADERS = ["content-type", "retry-after", "link", "location", "etag", "x-request-id"];
/** Parameters of addresses whose values are kept out of the file. */
const SECRET_PARAMETERS = /key|token|secret|password|signature/i;
const HIDDEN = "hidden";
const NO_BODY_STATUSES: ReadonlySet<number> = new Set([101, 204, 205, 304]);

/** What `ctx.http` is. */
export type HttpFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

export interface HttpCassetteOptions {
  /** JSON; made by the first recording. */
  readonly file: string;
  /** True: asks the server and keeps its answers. Default: whether AUTOMATRIX_RECORD is set in the environment. */
  readonly record?: boolean;
  /** What asks the server. Default: the platform's fetch. */
  readonly fetch?: HttpFetch;
}

/** Made by {@link httpCassette}. */
export interface HttpCassette {
  /** For the engine's option `http`. Rejects with `cassette_mismatch` for a request that was not recorded. */
  readonly fetch: HttpFetch;
  /** Writes what was recorded; nothing when replaying. */
  save(): Promise<void>;
}

interface Recording {
  readonly request: { readonly method: string; readonly url: string; readonly bodyDigest: string | null };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    /** Base64. */
    readonly body: string;
  };
}

/**
 * ```ts
 * const tape = httpCassette({ file: "test/tapes/weather.json" });
 * await testNode(weather).engine({ http: tape.fetch }).run();
 * await tape.save();
 * ```
 * @throws AutomatrixError `cassette_mismatch` when there is nothing to replay
 */
export function httpCassette({
  file,
  record = process.env["AUTOMATRIX_RECORD"] !== undefined,
  fetch: ask = (url, init) => fetch(url, init),
}: HttpCassetteOptions): HttpCassette {
  return record ? recorder(file, ask) : player(file);
}

function recorder(file: string, ask: HttpFetch): HttpCassette {
  const recordings: Recording[] = [];
  return {
    async fetch(url, init) {
      const response = await ask(url, init);
      const body = Buffer.from(await response.arrayBuffer());
      const headers = Object.fromEntries(
        KEPT_HEADERS.flatMap((name) => {
          const value = response.headers.get(name);
          return value === null ? [] : [[name, value]];
        }),
      );
      const recording = { status: response.status, headers, body: body.toString("base64") };
      recordings.push({ request: toRequest(url, init), response: recording });
      return toResponse(recording);
    },
    async save() {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, `${JSON.stringify(recordings, null, 2)}\n`);
    },
  };
}

/** Equal requests are answered in the order of their recording, the last one again and again. */
function player(file: string): HttpCassette {
  if (!existsSync(file))
    throw mismatch(`There is no recording ${file}; run the test once with AUTOMATRIX_RECORD=1 to make it.`);
  const byRequest = new Map<string, Recording["response"][]>();
  for (const { request, response } of JSON.parse(readFileSync(file, "utf8")) as readonly Recording[]) {
    const key = JSON.stringify(request);
    byRequest.set(key, [...(byRequest.get(key) ?? []), response]);
  }
  return {
    async fetch(url, init) {
      init?.signal?.throwIfAborted();
      const request = toRequest(url, init);
      const responses = byRequest.get(JSON.stringify(request)) ?? [];
      const response = responses.length > 1 ? responses.shift() : responses[0];
      if (response !== undefined) return toResponse(response);
      throw mismatch(
        `${request.method} ${request.url} was not recorded in ${file}; run the test once with AUTOMATRIX_RECORD=1.`,
      );
    },
    save: () => Promise.resolve(),
  };
}

function toRequest(url: string | URL, init: RequestInit = {}): Recording["request"] {
  const address = new URL(url);
  address.username = "";
  address.password = "";
  for (const name of [...address.searchParams.keys()])
    if (SECRET_PARAMETERS.test(name)) address.searchParams.set(name, HIDDEN);
  const { body, method = "GET" } = init;
  return {
    method: method.toUpperCase(),
    url: address.href,
    bodyDigest: typeof body === "string" ? digest(body) : null,
  };
}

function toResponse({ status, headers, body }: Recording["response"]): Response {
  return new Response(NO_BODY_STATUSES.has(status) ? null : Buffer.from(body, "base64"), { status, headers });
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function mismatch(message: string): AutomatrixError {
  return new AutomatrixError("cassette_mismatch", message);
}
