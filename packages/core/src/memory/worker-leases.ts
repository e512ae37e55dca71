/** Which workers live: by their signs of life, compared with the storage's clock. */
export class WorkerLeases {
  /** End of the lease of each worker that gave a sign of life, until it is over. */
  readonly #endsAt = new Map<string, number>();
  /** Silent beyond its lease, while nobody took anything of it. It may come back. */
  readonly #silent = new Set<string>();
  readonly #dead = new Set<string>();

  /** A sign of life, up to `endsAt`. `revived`: its lease had ended. */
  extend(workerId: string, endsAt: number): "extended" | "revived" | "dead" {
    if (this.#dead.has(workerId)) return "dead";
    this.#endsAt.set(workerId, endsAt);
    return this.#silent.delete(workerId) ? "revived" : "extended";
  }

  /** Ends the leases that are over; true when there were any. */
  endOverdue(now: number): boolean {
    let found = false;
    for (const [workerId, endsAt] of this.#endsAt) {
      if (endsAt > now) continue;
      this.#endsAt.delete(workerId);
      this.#silent.add(workerId);
      found = true;
    }
    return found;
  }

  declareDead(workerId: string): void {
    this.#silent.delete(workerId);
    this.#dead.add(workerId);
  }

  /** True when nobody keeps what it owns: a worker whose lease ended, or none. */
  isGone(workerId: string | null): boolean {
    return workerId === null || this.#silent.has(workerId) || this.#dead.has(workerId);
  }
}
