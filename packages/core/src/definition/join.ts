import type { JoinDefinition, JoinMode } from "./workflow-definition.js";

/** A join in its one full form. */
export interface Join {
  readonly mode: JoinMode;
  /** Live edges that are needed: N of `quorum:N`, 1 for `any`, 0 for the modes that wait for every edge. */
  readonly count: number;
  /** True: cancel the unfinished nodes that lead nowhere but here. */
  readonly cancelOthers: boolean;
}

/** What a node without `join` has. */
export const AUTO_JOIN: Join = Object.freeze({ mode: "auto", count: 0, cancelOthers: false });

const MODES: ReadonlySet<unknown> = new Set<JoinMode>(["auto", "all", "any", "quorum", "always"]);
const QUORUM = /^quorum:([1-9]\d{0,8})$/;

/** Reads any way of writing a join; left out means `auto`. Undefined when it is not a join, which validation rules out. */
export function parseJoin(join: JoinDefinition | undefined): Join;
export function parseJoin(join: unknown): Join | undefined;
export function parseJoin(join: unknown): Join | undefined {
  if (join === undefined) return AUTO_JOIN;
  if (typeof join === "string") return parseText(join);
  if (typeof join !== "object" || join === null) return undefined;
  const { mode, count, cancelOthers = false } = join as Readonly<Record<string, unknown>>;
  if (typeof cancelOthers !== "boolean") return undefined;
  return toJoin(mode, count, cancelOthers);
}

function parseText(text: string): Join | undefined {
  const count = QUORUM.exec(text)?.[1];
  return count === undefined ? toJoin(text, undefined, false) : toJoin("quorum", Number(count), false);
}

function toJoin(mode: unknown, count: unknown, cancelOthers: boolean): Join | undefined {
  if (!MODES.has(mode)) return undefined;
  if (mode === "quorum") return isCount(count) ? { mode, count, cancelOthers } : undefined;
  return count === undefined ? { mode: mode as JoinMode, count: mode === "any" ? 1 : 0, cancelOthers } : undefined;
}

function isCount(count: unknown): count is number {
  return Number.isSafeInteger(count) && (count as number) >= 1;
}
