import { parseJoin } from "../definition/join.js";
import type { NodeType } from "../definition/node-type.js";
import type { IssueCollector } from "./issue-collector.js";
import { childPointer } from "./json-pointer.js";
import { isPlainObject, type PlainObject } from "./plain-object.js";

/** The node whose policies are checked. */
export interface PolicyPlace {
  readonly pointer: string;
  readonly nodeId: string | undefined;
  readonly issues: IssueCollector;
}

/** From lax to strict. */
const EFFECTS_ORDER = ["pure", "idempotent", "transactional", "once"];

/** Checks the shapes of `join`, `retry`, `onError` and the timeouts of a node. */
export function checkPolicies(node: PlainObject, place: PolicyPlace): void {
  const { issues, nodeId } = place;
  if (parseJoin(node.join) === undefined) {
    const message =
      'join must be "auto", "all", "any", "always", "quorum:N" with N of at least 1, or { mode, count?, cancelOthers? } with count for quorum alone.';
    issues.error("invalid_join", message, { path: childPointer(place.pointer, "join"), nodeId });
  }
  for (const key of ["attemptTimeoutMs", "timeoutMs"]) {
    if (node[key] !== undefined && !isWholeNumber(node[key], 1))
      reportTimeout(key, { ...place, pointer: childPointer(place.pointer, key) });
  }
  checkRetry(node.retry, { ...place, pointer: childPointer(place.pointer, "retry") });
  if (node.onError !== undefined && !isOnError(node.onError)) {
    const message = 'onError must be "fail", "continue", or { action: "continue", output }.';
    issues.error("invalid_definition", message, { path: childPointer(place.pointer, "onError"), nodeId });
  }
}

/** Reports a timeout that is not a positive whole number. */
export function reportTimeout(name: string, place: PolicyPlace): void {
  place.issues.error(
    "invalid_timeout",
    `${name} must be a whole number of milliseconds, at least 1; leave it out for no limit.`,
    { path: place.pointer, nodeId: place.nodeId },
  );
}

/** True for a safe integer of at least `least`. */
export function isWholeNumber(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function isNumber(value: unknown, least: number): boolean {
  return typeof value === "number" && value >= least && value <= Number.MAX_SAFE_INTEGER;
}

function isOnError(value: unknown): boolean {
  const action = isPlainObject(value) ? value.action : value;
  return action === "fail" || action === "continue";
}

const RETRY_RULES: readonly (readonly [key: string, isValid: (value: unknown) => boolean, rule: string])[] = [
  [
    "maxAttempts",
    (value) => isWholeNumber(value, 1),
    "maxAttempts must be a whole number, at least 1 (the first attempt counts).",
  ],
  [
    "delaysMs",
    (value) => Array.isArray(value) && value.every((delay) => isNumber(delay, 0)),
    "delaysMs must be a list of milliseconds, none negative.",
  ],
  ["initialMs", (value) => isNumber(value, 0), "initialMs must be a number of milliseconds, not negative."],
  ["factor", (value) => isNumber(value, 1), "factor must be a number of at least 1."],
  ["maxMs", (value) => isNumber(value, 0), "maxMs must be a number of milliseconds, not negative."],
  ["jitter", (value) => value === "none" || value === "full", 'jitter must be "none" or "full".'],
  ["on", (value) => value === "transient" || value === "any", 'on must be "transient" or "any".'],
];

function checkRetry(retry: unknown, place: PolicyPlace): void {
  if (retry === undefined) return;
  const report = (message: string, path: string): void =>
    place.issues.error("invalid_retry", message, { path, nodeId: place.nodeId });
  if (!isPlainObject(retry)) {
    report("retry must be an object such as { maxAttempts: 4, delaysMs: [5000, 30000] }.", place.pointer);
    return;
  }
  for (const [key, isValid, rule] of RETRY_RULES) {
    if (retry[key] !== undefined && !isValid(retry[key])) report(rule, childPointer(place.pointer, key));
  }
  if (
    retry.delaysMs !== undefined &&
    (retry.initialMs !== undefined || retry.factor !== undefined || retry.maxMs !== undefined)
  ) {
    report(
      "retry has exact delaysMs and an exponential delay (initialMs, factor, maxMs); keep one of them.",
      place.pointer,
    );
  }
}

/** Checks that `effects` is a known word and not laxer than the type's. */
export function checkEffects(
  node: PlainObject,
  params: { readonly type: NodeType | undefined; readonly data: PlainObject; readonly place: PolicyPlace },
): void {
  const { type, data, place } = params;
  const { effects } = node;
  if (effects === undefined) return;
  const report = (message: string): void =>
    place.issues.error("invalid_effects", message, {
      path: childPointer(place.pointer, "effects"),
      nodeId: place.nodeId,
    });
  const rank = EFFECTS_ORDER.indexOf(effects as string);
  if (rank === -1) {
    report('effects must be "pure", "idempotent", "once" or "transactional".');
    return;
  }
  const declared = type === undefined ? undefined : declaredEffects(type, data);
  if (declared === undefined || declared === effects) return;
  if (effects === "transactional")
    report(
      `effects cannot be "transactional": the node type is ${declared}, and only a type written for it can take part in the transaction.`,
    );
  else if (rank < EFFECTS_ORDER.indexOf(declared))
    report(
      `effects "${effects as string}" is laxer than the node type's "${declared}"; only a stricter one is possible.`,
    );
}

/** What the type says about these parameters; undefined when it cannot say before expressions are resolved. */
function declaredEffects(type: NodeType, data: PlainObject): string | undefined {
  if (typeof type.effects !== "function") return type.effects;
  try {
    const effects: unknown = type.effects(data);
    return EFFECTS_ORDER.includes(effects as string) ? (effects as string) : undefined;
  } catch {
    return undefined;
  }
}
