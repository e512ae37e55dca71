import { ConfigurationError, ExecutionError } from "../errors/errors.js";
import type { ApprovalAnswer } from "../execution/approval.js";
import type { InboxItem } from "../ports/execution-record.js";
import type { Storage } from "../ports/storage.js";
import type { EngineServices } from "../running/services.js";
import { decideApproval } from "./approvals.js";
import type { ActiveExecutions } from "./claiming/active-executions.js";
import { toPayload } from "./starting/execute-options.js";

/** Turns of the event loop that an execution here is given to read its full inbox before a signal is refused. */
const TURNS_TO_READ = 5;

export interface MessagesParams {
  readonly storage: Storage;
  readonly services: EngineServices;
  readonly active: ActiveExecutions;
}

/** Sends signals, decisions and resolutions to executions, wherever they are. */
export class Messages {
  readonly #params: MessagesParams;

  constructor(params: MessagesParams) {
    this.#params = params;
  }

  async signal(
    executionId: string,
    name: string,
    payload: unknown,
    key: string | null,
  ): Promise<{ readonly duplicate: boolean }> {
    if (typeof name !== "string" || name === "")
      throw new ConfigurationError("invalid_input", "The name of a signal must be a text that is not empty.");
    if (key !== null && typeof key !== "string")
      throw new ConfigurationError("invalid_input", "The key of a signal must be a text.");
    const { maxInputBytes } = this.#params.services.limits;
    return this.#send(executionId, this.#toItem("signal", name, toPayload(payload, "payload", maxInputBytes), key));
  }

  async decide(
    executionId: string,
    nodePath: string,
    decision: { readonly decision: "approve" | "reject"; readonly by: string; readonly comment?: string },
  ): Promise<ApprovalAnswer> {
    const { storage, services, active } = this.#params;
    if (decision.decision !== "approve" && decision.decision !== "reject")
      throw new ConfigurationError("invalid_input", `decision must be "approve" or "reject".`);
    if (typeof decision.by !== "string" || decision.by === "")
      throw new ConfigurationError("invalid_input", "by must name who decides.");
    const { by, comment = null } = decision;
    if (comment !== null && typeof comment !== "string")
      throw new ConfigurationError("invalid_input", "The comment of a decision must be a text.");
    return decideApproval({
      storage,
      send: (item) => active.send(executionId, item),
      executionId,
      nodePath,
      decision: { decision: decision.decision, by, comment, at: services.clock.now() },
      itemId: services.ids.next(),
      maxUnread: services.limits.maxInboxSignals,
    });
  }

  async resolveUnknown(executionId: string, nodePath: string, resolution: unknown): Promise<void> {
    const { storage, services } = this.#params;
    const payload = toPayload(resolution, "resolution", services.limits.maxInputBytes);
    if (!isResolution(payload))
      throw new ConfigurationError("invalid_input", `Give one of { output }, { retry: true } or { fail: "why" }.`);
    const record = await storage.getExecution(executionId);
    if (record === undefined) throw notFound(executionId);
    const waits = await storage.listWaits(executionId);
    const wait = waits.find((one) => one.nodePath === nodePath && one.kind === "unknown_outcome");
    if (wait === undefined && record.endedAt === null) {
      throw new ExecutionError(
        "wait_not_found",
        `The outcome of node "${nodePath}" of execution ${executionId} is not unknown.`,
      );
    }
    await this.#send(executionId, this.#toItem("resolve_unknown", nodePath, payload, String(wait?.ordinal)));
  }

  #toItem(kind: InboxItem["kind"], name: string, payload: unknown, key: string | null): InboxItem {
    const { ids, clock } = this.#params.services;
    return { id: ids.next(), kind, name, payload, key, at: clock.now() };
  }

  async #send(executionId: string, item: InboxItem): Promise<{ readonly duplicate: boolean }> {
    let answer = await this.#params.active.send(executionId, item);
    for (let turn = 0; answer === "full" && turn < TURNS_TO_READ; turn++) {
      await new Promise<void>((resolve) => this.#params.services.defer(resolve));
      answer = await this.#params.active.send(executionId, item);
    }
    if (answer === "full" && (await this.#isWaitedFor(executionId, item)))
      answer = await this.#params.active.send(executionId, item, Number.MAX_SAFE_INTEGER);
    switch (answer) {
      case "added":
        return { duplicate: false };
      case "duplicate":
        return { duplicate: true };
      case "not_found":
        throw notFound(executionId);
      case "ended":
        throw new ExecutionError("execution_ended", `Execution ${executionId} has ended and takes no signals.`);
      case "full":
        throw new ExecutionError(
          "inbox_full",
          `Execution ${executionId} has ${this.#params.services.limits.maxInboxSignals} unread signals; nothing waits for them.`,
        );
    }
  }

  /** More nodes wait for signals of this name than lie unread: what is not wanted must not keep away what is. */
  async #isWaitedFor(executionId: string, { name }: InboxItem): Promise<boolean> {
    const { storage } = this.#params;
    const waits = await storage.listWaits(executionId);
    const wanted = waits.filter(({ signalName }) => signalName === name).length;
    if (wanted === 0) return false;
    const unread = await storage.listInbox(executionId);
    return wanted > unread.filter((item) => item.kind === "signal" && item.name === name).length;
  }
}

function isResolution(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Object.keys(value).length !== 1) return false;
  const { output, retry, fail } = value as Record<string, unknown>;
  return output !== undefined || retry === true || typeof fail === "string";
}

function notFound(id: string): ExecutionError {
  return new ExecutionError("execution_not_found", `There is no execution "${id}".`);
}
