import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { AutomatrixError, FatalNodeError, type NodeContext, RetryableNodeError } from "@automatrix/core";
import type { S3Client, S3ClientConfig } from "@aws-sdk/client-s3";
import { loadOptionalModule } from "../../loading/load-optional-module.js";
import type { S3Connection } from "./s3-connection.js";

export type S3Module = typeof import("@aws-sdk/client-s3");

/** The request as the SDK hands it to what sends it. */
interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Set by whoever sends the request. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "expect",
  "connection",
  "transfer-encoding",
]);
const TRANSIENT_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
const NOT_FOUND: ReadonlySet<string> = new Set(["NoSuchKey", "NoSuchBucket", "NotFound", "NoSuchVersion"]);
const LOGIN: ReadonlySet<string> = new Set([
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "ExpiredToken",
  "InvalidToken",
  "TokenRefreshRequired",
]);

/** @throws FatalNodeError `not_configured` */
export function loadS3(): S3Module {
  return loadOptionalModule<S3Module>("@aws-sdk/client-s3", "s3_object");
}

/** Runs `work` with a client whose every request goes through `ctx.http`, and tells its failures in our words. */
export async function withS3Client<Result>(
  ctx: NodeContext<unknown>,
  connection: S3Connection,
  work: (client: S3Client, sdk: S3Module) => Promise<Result>,
): Promise<Result> {
  const sdk = loadS3();
  const sender = new Sender(ctx);
  const client = new sdk.S3Client(toConfig(connection, sender));
  try {
    return await work(client, sdk);
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (sender.failure !== undefined) throw sender.failure.error;
    throw toS3Error(error);
  } finally {
    client.destroy();
  }
}

/** True when the store says that there is no such object or bucket. */
export function isNotFound(error: unknown): boolean {
  return NOT_FOUND.has(String((error as { name?: unknown } | null)?.name));
}

function toConfig(connection: S3Connection, requestHandler: Sender): S3ClientConfig {
  const { accessKeyId, secretAccessKey, sessionToken, endpoint, region, forcePathStyle } = connection;
  return {
    region,
    forcePathStyle,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    ...(endpoint === undefined ? {} : { endpoint }),
    // The engine retries.
    maxAttempts: 1,
    expectContinueHeader: false,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // Nothing of the operator's environment shall send a workflow's request elsewhere.
    ignoreConfiguredEndpointUrls: true,
    followRegionRedirects: false,
    requestHandler: requestHandler as unknown as NonNullable<S3ClientConfig["requestHandler"]>,
  };
}

/** Sends the SDK's requests through the guarded fetch of the engine. */
class Sender {
  readonly #ctx: NodeContext<unknown>;
  /** Why a request got no answer. */
  failure: { readonly error: unknown } | undefined;

  constructor(ctx: NodeContext<unknown>) {
    this.#ctx = ctx;
  }

  async handle(request: SdkRequest): Promise<unknown> {
    const { method, body } = request;
    const headers = Object.entries(request.headers).filter(([name]) => !OWN_HEADERS.has(name.toLowerCase()));
    try {
      const response = await this.#ctx.http(toUrl(request), {
        method,
        headers,
        redirect: "manual",
        signal: this.#ctx.signal,
        ...(body === undefined || method === "GET" || method === "HEAD"
          ? {}
          : { body: body as Uint8Array<ArrayBuffer> }),
      });
      const stream = response.body === null ? [] : (response.body as NodeReadableStream);
      return {
        response: {
          statusCode: response.status,
          headers: Object.fromEntries(response.headers),
          body: Array.isArray(stream) ? Readable.from(stream) : Readable.fromWeb(stream),
        },
      };
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }

  destroy(): void {}

  updateHttpClientConfig(): void {}

  httpHandlerConfigs(): object {
    return {};
  }
}

function toUrl({ protocol, hostname, port, path, query = {} }: SdkRequest): string {
  const parts = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((part: string | null) =>
      part === null ? encode(name) : `${encode(name)}=${encode(part)}`,
    ),
  );
  const address = `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`;
  return parts.length === 0 ? address : `${address}?${parts.join("&")}`;
}

/** As AWS encodes it, which its signature depends on. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function toS3Error(error: unknown): unknown {
  if (AutomatrixError.is(error)) return error;
  const { name, $metadata } = (error ?? {}) as { name?: unknown; $metadata?: { readonly httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (typeof name !== "string" || status === undefined) return error;
  const word = /^[A-Za-z]{2,60}$/.test(name) ? name : "Error";
  const details = { status, error: word };
  if (isNotFound(error))
    return new FatalNodeError(`The store has no such object or bucket (${word}).`, {
      code: "object_not_found",
      details,
    });
  const message = `The store refused the request (${status} ${word}).`;
  if (LOGIN.has(word)) return new FatalNodeError(message, { code: "credential_unusable", details });
  if (TRANSIENT_STATUS.has(status)) return new RetryableNodeError(message, { code: "service_unavailable", details });
  return new FatalNodeError(message, { code: "service_refused", details });
}
