/** An engine's side of its event bus: announces what it has committed, and follows what other processes have. */
import type { ExecutionEvent } from "../../events/event.js";
import type { EventAnnouncement, EventBus, EventBusHealth } from "../../ports/event-bus.js";
import type { EngineServices } from "../../running/services.js";
import { FINAL_TYPES, LIVE_TYPES } from "./event-stream.js";

export interface AnnouncingParams {
  readonly bus: EventBus;
  readonly services: Pick<EngineServices, "hub" | "defer" | "logger">;
  /** Another process says so. */
  readonly onHeard: (announcement: EventAnnouncement) => void;
}

export class Announcing {
  readonly #params: AnnouncingParams;
  #collected = new Map<string, EventAnnouncement>();
  #sending: Promise<void> | undefined;
  #isFailing = false;

  constructor(params: AnnouncingParams) {
    this.#params = params;
  }

  async start(): Promise<void> {
    const { bus, services, onHeard } = this.#params;
    services.hub.on("*", (event) => this.#committed(event));
    await bus.subscribe((announcements) => announcements.forEach(onHeard));
  }

  get health(): EventBusHealth {
    return this.#params.bus.health?.() ?? { status: this.#isFailing ? "degraded" : "up" };
  }

  /** What was collected is still sent. */
  async close(): Promise<void> {
    await this.#sending;
    await this.#params.bus.close();
  }

  /** Something came into the inbox of an execution that does not run here, or it is to be cancelled. */
  news(executionId: string): void {
    this.#collect({ executionId, lastSeq: 0, hasEnded: false });
  }

  #committed({ executionId, seq, type }: ExecutionEvent): void {
    if (!LIVE_TYPES.has(type)) this.#collect({ executionId, lastSeq: seq, hasEnded: FINAL_TYPES.has(type) });
  }

  #collect(announcement: EventAnnouncement): void {
    const { executionId, lastSeq } = announcement;
    if ((this.#collected.get(executionId)?.lastSeq ?? -1) >= lastSeq) return;
    this.#collected.set(executionId, announcement);
    this.#sending ??= new Promise((resolve) => {
      this.#params.services.defer(() => void this.#sendAll().then(resolve));
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#collected.size > 0) {
      const announcements = [...this.#collected.values()];
      this.#collected = new Map();
      await this.#send(announcements);
    }
    this.#sending = undefined;
  }

  async #send(announcements: readonly EventAnnouncement[]): Promise<void> {
    const { bus, services } = this.#params;
    try {
      await bus.publish(announcements);
      if (this.#isFailing) services.logger.info(`The event bus "${bus.name}" answers again.`);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing)
        services.logger.warn(
          `The event bus "${bus.name}" does not answer; other processes see events when they sweep.`,
          {
            error: String(error),
          },
        );
      this.#isFailing = true;
    }
  }
}
