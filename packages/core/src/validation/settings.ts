import type { IssueCollector } from "./issue-collector.js";
import { childPointer } from "./json-pointer.js";
import { isWholeNumber, reportTimeout } from "./node-policies.js";
import { isPlainObject, type PlainObject } from "./plain-object.js";

interface SettingsPlace {
  readonly pointer: string;
  readonly nodeId: string | undefined;
  readonly issues: IssueCollector;
}

type Rule = readonly [key: string, isValid: (value: unknown) => boolean, rule: string];

const isText = (value: unknown): boolean => typeof value === "string";
const isPositive = (value: unknown): boolean => isWholeNumber(value, 1);

const SETTINGS_RULES: readonly Rule[] = [
  ["maxConcurrency", isPositive, "maxConcurrency must be a whole number, at least 1."],
  ["onFailure", (value) => value === "drain" || value === "abort", 'onFailure must be "drain" or "abort".'],
  ["priority", Number.isSafeInteger, "priority must be a whole number; higher goes first."],
  ["concurrency", isPlainObject, "concurrency must be { limit, key?, onLimit? }."],
  ["rateLimit", isPlainObject, "rateLimit must be { count, perMs, key? }."],
];
const CONCURRENCY_RULES: readonly Rule[] = [
  ["limit", isPositive, "limit must be a whole number, at least 1."],
  [
    "key",
    (value) => value === undefined || isText(value),
    "key must be text with an expression, such as {{customer_id}}.",
  ],
  [
    "onLimit",
    (value) => value === undefined || value === "queue" || value === "reject" || value === "cancel_oldest",
    'onLimit must be "queue", "reject" or "cancel_oldest".',
  ],
];
const RATE_LIMIT_RULES: readonly Rule[] = [
  ["count", isPositive, "count must be a whole number, at least 1."],
  ["perMs", isPositive, "perMs must be a whole number of milliseconds, at least 1."],
  [
    "key",
    (value) => value === undefined || isText(value),
    "key must be text with an expression, such as {{customer_id}}.",
  ],
];

/** Checks the shape of a definition's settings. Unknown keys are kept. */
export function checkSettings(settings: unknown, place: SettingsPlace): void {
  if (settings === undefined) return;
  if (!isPlainObject(settings)) {
    place.issues.error("invalid_definition", "settings must be an object.", {
      path: place.pointer,
      nodeId: place.nodeId,
    });
    return;
  }
  for (const key of ["timeoutMs", "cleanupTimeoutMs"]) {
    if (settings[key] !== undefined && !isPositive(settings[key]))
      reportTimeout(key, { ...place, pointer: childPointer(place.pointer, key) });
  }
  const given = SETTINGS_RULES.filter(([key]) => settings[key] !== undefined);
  checkRules(settings, given, place);
  if (isPlainObject(settings.concurrency))
    checkRules(settings.concurrency, CONCURRENCY_RULES, {
      ...place,
      pointer: childPointer(place.pointer, "concurrency"),
    });
  if (isPlainObject(settings.rateLimit))
    checkRules(settings.rateLimit, RATE_LIMIT_RULES, { ...place, pointer: childPointer(place.pointer, "rateLimit") });
}

function checkRules(value: PlainObject, rules: readonly Rule[], place: SettingsPlace): void {
  for (const [key, isValid, rule] of rules) {
    if (!isValid(value[key]))
      place.issues.error("invalid_definition", rule, { path: childPointer(place.pointer, key), nodeId: place.nodeId });
  }
}
