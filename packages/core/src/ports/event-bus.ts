/** Something of an execution became durable in another process: its journal now reaches `lastSeq`. */
export interface EventAnnouncement {
  readonly executionId: string;
  /** 0 when nothing was written to its journal, but something came into its inbox or it is to be cancelled. */
  readonly lastSeq: number;
  /** The execution has ended. */
  readonly hasEnded: boolean;
}

export interface EventBusHealth {
  /** `up`: announcements come and go. `degraded`: they do not, and processes learn of each other's work by their sweeps. */
  readonly status: "up" | "degraded";
  /** Why it is not up. */
  readonly message?: string;
}

/**
 * Tells other processes that there is something to read. Carries no events: whoever hears of one reads the journal, so
 * that nothing is missed or seen out of order.
 *
 * A hint only: announcements may be lost, come twice or out of order, since every engine also looks by itself each
 * `sweepMs`. A process does not hear its own. One object serves one engine, which closes it.
 */
export interface EventBus {
  readonly name: string;
  /** Resolves when they are on their way. Rejects soon when the bus cannot be reached; they are lost then. */
  publish(announcements: readonly EventAnnouncement[]): Promise<void>;
  /** Calls `hear` with what other processes publish. Called once; resolves soon though the bus cannot be reached. */
  subscribe(hear: (announcements: readonly EventAnnouncement[]) => void): Promise<void>;
  /** What the last contact showed. Cheap. A bus without it counts as up while it can be published to. */
  health?(): EventBusHealth;
  /** Resolves within two seconds. Idempotent. */
  close(): Promise<void>;
}
