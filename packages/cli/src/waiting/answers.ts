import { AutomatrixError, type Engine } from "@automatrix/core";
import { usageError } from "../command-error.js";
import { parseJson } from "../definition-file/parse-json.js";
import { printable } from "../printable.js";

/** A decision given beforehand: `--decide NODE=approve[:PERSON]`. */
export interface PreparedDecision {
  readonly nodePath: string;
  readonly decision: "approve" | "reject";
  readonly by: string;
}

/** A signal given beforehand: `--signal NAME=JSON`. */
export interface PreparedSignal {
  readonly name: string;
  readonly payload: unknown;
}

export const DEFAULT_PERSON = "command-line";
const TOO_LATE_CODES: ReadonlySet<string> = new Set(["execution_ended", "wait_not_found"]);
const DECISION = /^(?<nodePath>.+)=(?<decision>approve|reject)(?::(?<by>[^:=]+))?$/s;

/** @throws ConfigurationError `invalid_configuration` when the argument has another shape */
export function parseDecision(argument: string): PreparedDecision {
  const { nodePath, decision, by = DEFAULT_PERSON } = DECISION.exec(argument)?.groups ?? {};
  if (nodePath === undefined || (decision !== "approve" && decision !== "reject")) {
    throw usageError(
      `--decide takes NODE=approve or NODE=reject, with :PERSON if need be; got "${printable(argument)}".`,
    );
  }
  return { nodePath, decision, by };
}

/** The payload is null when only a name is given. @throws ConfigurationError `invalid_configuration` when it is no JSON */
export function parseSignal(argument: string): PreparedSignal {
  const separator = argument.indexOf("=");
  const name = separator === -1 ? argument : argument.slice(0, separator);
  if (name === "") throw usageError(`--signal takes NAME=JSON; got "${printable(argument)}".`);
  const payload = separator === -1 ? null : parseJson(argument.slice(separator + 1), `--signal ${printable(name)}`);
  return { name, payload };
}

/** Gives the decisions prepared for a node that now waits. Those that come too late are dropped. */
export async function decide(
  engine: Engine,
  executionId: string,
  decisions: readonly PreparedDecision[],
): Promise<void> {
  for (const { nodePath, decision, by } of decisions) {
    await unlessTooLate(() => engine.decideApproval(executionId, nodePath, { decision, by }));
  }
}

/** Sends the signals prepared. Early ones are kept until a node waits for them; those that come too late are dropped. */
export async function sendSignals(
  engine: Engine,
  executionId: string,
  signals: readonly PreparedSignal[],
): Promise<void> {
  for (const { name, payload } of signals) await unlessTooLate(() => engine.signal(executionId, name, payload));
}

async function unlessTooLate(send: () => Promise<unknown>): Promise<void> {
  try {
    await send();
  } catch (error) {
    if (!AutomatrixError.is(error) || !TOO_LATE_CODES.has(error.code)) throw error;
  }
}
