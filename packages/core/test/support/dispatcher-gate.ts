import { AutomatrixError, type Dispatcher, type DispatcherHealth, type DispatchJob } from "../../src/index.js";

/** A dispatcher in front of another: notes jobs, and loses, repeats or refuses them on demand. */
export interface DispatcherGate extends Dispatcher {
  readonly jobs: DispatchJob[];
  isLosing: boolean;
  /** How many times each job is passed on. */
  copies: number;
  status: DispatcherHealth["status"];
  /** Resolves once so many jobs were dispatched. */
  sent(count?: number): Promise<void>;
}

export function gate(inner: Dispatcher): DispatcherGate {
  const waiting = new Set<() => void>();
  const self: DispatcherGate = {
    name: inner.name,
    jobs: [],
    isLosing: false,
    copies: 1,
    status: "up",
    async dispatch(jobs) {
      if (self.status !== "up") throw new AutomatrixError("dispatcher_unavailable", "It is away.");
      self.jobs.push(...jobs);
      for (const wake of waiting) wake();
      if (self.isLosing) return;
      for (let copy = 0; copy < self.copies; copy++) await inner.dispatch(jobs);
    },
    async sent(count = 1) {
      while (self.jobs.length < count) {
        await new Promise<void>((resolve) => waiting.add(resolve));
        waiting.clear();
      }
    },
    start: (worker) => inner.start(worker),
    placesFreed: () => inner.placesFreed(),
    health: () => ({ status: self.status }),
    close: () => inner.close(),
  };
  return self;
}
