import { createHash } from "node:crypto";
import { AutomatrixError } from "../../errors/errors.js";
import type { EngineServices } from "../services.js";
import type { NodeAttempt } from "./node-attempt.js";

/** Methods that change nothing. */
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);
const KEY_HEADER = "idempotency-key";

type Http = EngineServices["http"];

/**
 * What `ctx.http` is: refused to a type whose permissions leave `net` out. A request that may change something gets an
 * `Idempotency-Key`, unless it has one: the same for the same request at the same place in the node, in every attempt.
 *
 * @param idempotencyKey of the node
 */
export function nodeHttp(attempt: NodeAttempt, idempotencyKey: string): Http {
  const { http } = attempt.scope.runner.services;
  const counts = new Map<string, number>();
  return async (url, init = {}) => {
    requirePermission(attempt);
    if (SAFE_METHODS.has(init.method?.toUpperCase() ?? "GET")) return http(url, init);
    const headers = new Headers(init.headers);
    if (headers.has(KEY_HEADER)) return http(url, init);
    const request = digestOf(idempotencyKey, placeOf(attempt), init.method ?? "", String(url), contentOf(init.body));
    const count = (counts.get(request) ?? 0) + 1;
    counts.set(request, count);
    headers.set(KEY_HEADER, count === 1 ? request : `${request}:${count}`);
    return http(url, { ...init, headers });
  };
}

/** A type that declares permissions has those and no others. */
function requirePermission({ path, node: { type } }: NodeAttempt): void {
  if (type.permissions === undefined || type.permissions.includes("net")) return;
  throw new AutomatrixError(
    "permission_denied",
    `Node "${path}" called the network, which the permissions of its type ${type.type} leave out; add "net" to them.`,
  );
}

/** In which step, or after which. Recorded steps count, so that a later attempt comes by the same places. */
function placeOf({ stepCounts, openSteps }: NodeAttempt): string {
  let steps = 0;
  for (const count of stepCounts?.values() ?? []) steps += count;
  return `${steps}/${openSteps}`;
}

/** Content that can be looked at without using it up. */
function contentOf(body: RequestInit["body"]): string | Uint8Array {
  if (typeof body === "string" || body instanceof URLSearchParams) return String(body);
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return "";
}

function digestOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("base64url");
}
