/**
 * A request at a webhook: checked → its execution is started → the caller is answered at once, with the output, or with
 * what a `respond_to_webhook` node says. Whoever serves HTTP maps the address to the workflow and hands the request here.
 */
import {
  AutomatrixError,
  type Engine,
  type ExecutionHandle,
  type SecretStore,
  type WorkflowDefinition,
} from "@automatrix/core";
import { RESPOND_TO_WEBHOOK } from "../../flow/respond-to-webhook/respond-to-webhook.js";
import { webhookTrigger } from "../webhook-trigger/webhook-trigger.js";
import type { WorkflowTrigger } from "./trigger-index.js";
import { isSigned } from "./webhook-signature.js";

const OK = 200;
const ACCEPTED = 202;
const BAD_REQUEST = 400;
const UNAUTHORIZED = 401;
const METHOD_NOT_ALLOWED = 405;
const UNPROCESSABLE = 422;
const FAILED = 500;
const TIMED_OUT = 504;

/** An HTTP request as it came in. */
export interface WebhookRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** The bytes that are signed. */
  readonly rawBody: Uint8Array;
  /** A repeated request with this key starts no second execution. */
  readonly idempotencyKey?: string;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text is sent as it is, everything else as JSON. */
  readonly body: unknown;
  readonly executionId?: string;
}

export interface ReceiveWebhookParams {
  readonly engine: Engine;
  readonly trigger: WorkflowTrigger;
  readonly definition: WorkflowDefinition;
  readonly request: WebhookRequest;
  readonly tenant: string | null;
  readonly secrets: SecretStore | undefined;
  /** How long a caller waits for an answer, in milliseconds. */
  readonly answerWithinMs: number;
  readonly now: number;
}

export async function receiveWebhook(params: ReceiveWebhookParams): Promise<WebhookAnswer> {
  const { engine, trigger, request, tenant, now } = params;
  const parsed = webhookTrigger.parameterSchema?.safeParse(trigger.parameters);
  if (parsed?.success !== true)
    return refuse(UNPROCESSABLE, "invalid_parameters", `The webhook "${trigger.nodeId}" has wrong parameters.`);
  const { methods, secret, respond } = parsed.data;
  const method = request.method.toUpperCase();
  if (!methods.some((one) => one.toUpperCase() === method))
    return refuse(METHOD_NOT_ALLOWED, "method_not_allowed", `This webhook takes ${methods.join(", ")}.`, {
      allow: methods.join(", ").toUpperCase(),
    });
  const headers = toPlainHeaders(request.headers);
  if (secret !== undefined && !isSigned({ headers, rawBody: request.rawBody }, await secretOf(secret, params), now))
    return refuse(UNAUTHORIZED, "invalid_signature", "The signature is missing, wrong or too old.");
  const body = readBody(request.rawBody, headers["content-type"] ?? "");
  if (body === undefined)
    return refuse(BAD_REQUEST, "invalid_input", "The body is no JSON, and its content type says so.");
  const handle = await engine.execute(trigger.workflowId, {
    version: trigger.version,
    trigger: trigger.nodeId,
    input: { method, path: request.path, headers, query: request.query, body: body.value },
    metadata: { trigger: { type: "webhook", nodeId: trigger.nodeId } },
    ...(tenant === null ? {} : { tenant }),
    ...(request.idempotencyKey === undefined ? {} : { idempotencyKey: request.idempotencyKey }),
  });
  if (respond === "immediately") return { ...answer(ACCEPTED, { execution_id: handle.id }), executionId: handle.id };
  const answered = respond === "last_node" ? outputOf(handle) : responseOf(handle, params.definition);
  return { ...(await within(params.answerWithinMs, answered)), executionId: handle.id };
}

// ── answers ──────────────────────────────────────────────────────────────────

async function outputOf(handle: ExecutionHandle): Promise<WebhookAnswer> {
  const { status, output, error } = await handle.result();
  if (status === "completed") return answer(OK, output);
  return refuse(FAILED, error?.code ?? "execution_cancelled", "The workflow did not complete.");
}

/** What the first `respond_to_webhook` node says; without one, how the execution ends. */
async function responseOf(handle: ExecutionHandle, definition: WorkflowDefinition): Promise<WebhookAnswer> {
  const responders = new Set(respondersOf(definition));
  for await (const event of handle.events()) {
    if (event.type !== "node.completed" || !responders.has(idOf(event.nodeId ?? ""))) continue;
    const { status, headers, body } = event.data.output as WebhookAnswer;
    return { status, headers, body };
  }
  return outputOf(handle);
}

/** Ids of responding nodes, those in bodies of containers included. */
function respondersOf(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  const { id, type } = value as { readonly id?: unknown; readonly type?: unknown };
  const own = type === RESPOND_TO_WEBHOOK && typeof id === "string" ? [id] : [];
  return [...own, ...Object.values(value).flatMap(respondersOf)];
}

/** The id of a node in its own definition. */
function idOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

async function within(timeoutMs: number, answering: Promise<WebhookAnswer>): Promise<WebhookAnswer> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timedOut = new Promise<WebhookAnswer>((resolve) => {
    timer = setTimeout(
      () => resolve(refuse(TIMED_OUT, "answer_timed_out", "The workflow goes on; its answer did not come in time.")),
      timeoutMs,
    );
  });
  // Who asked is gone by then.
  answering.catch(() => {});
  try {
    return await Promise.race([answering, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}

function answer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): WebhookAnswer {
  return { status, headers, body };
}

function refuse(
  status: number,
  code: string,
  message: string,
  headers?: Readonly<Record<string, string>>,
): WebhookAnswer {
  return answer(status, { error: { code, message } }, headers);
}

// ── the request ──────────────────────────────────────────────────────────────

function toPlainHeaders(headers: WebhookRequest["headers"]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), typeof value === "string" ? value : value.join(", ")]],
    ),
  );
}

/** JSON and forms become values, everything else text; undefined for what claims to be JSON and is not. */
function readBody(rawBody: Uint8Array, contentType: string): { readonly value: unknown } | undefined {
  if (rawBody.length === 0) return { value: null };
  const text = new TextDecoder().decode(rawBody);
  if (contentType.startsWith("application/x-www-form-urlencoded"))
    return { value: Object.fromEntries(new URLSearchParams(text)) };
  if (!/[/+]json\b/.test(contentType)) return { value: text };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** The value of the credential of this name; the text itself where there is none. */
async function secretOf(secret: string, { secrets, tenant }: ReceiveWebhookParams): Promise<string> {
  const credential = await secrets?.get(secret, { tenant });
  if (credential === undefined) return secret;
  const value = credential["value"] ?? credential["secret"];
  if (typeof value === "string" && value !== "") return value;
  throw new AutomatrixError(
    "credential_not_found",
    `The credential "${secret}" has no text under "value" to sign with.`,
  );
}
