import type { Storage } from "@automatrix/core";

/** A database to measure on: the engine's storage in it, and beside it the least that durable steps cost there. */
export interface DurableTarget {
  readonly name: string;
  /** A new, empty storage; the engine opens and closes it. */
  createStorage(): Storage;
  /** A new, empty table of steps. */
  openFloor(): Promise<DurableFloor>;
  /** Bytes of write-ahead log that the database has written so far; null where that is not counted. */
  walBytes(): Promise<number | null>;
  /** Removes everything that was made here. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Steps as rows, written by the bare driver with statements prepared once. */
export interface DurableFloor {
  /**
   * One step of each of these workflows, in one transaction that is durable when it resolves.
   * @param executions ids; each is given once per step
   */
  writeStep(executions: readonly string[], step: number): Promise<void>;
  close(): Promise<void>;
}

let floorExecutions = 0;

/** An id as long as the engine's and rising in time like them, so that those written together lie together. */
export function nextFloorId(): string {
  floorExecutions += 1;
  return `${String(floorExecutions).padStart(12, "0")}-7000-8000-${"0".repeat(12)}`.padStart(36, "0");
}

/** What one step leaves behind, as a hand-written checkpoint table would keep it. */
export interface FloorRow {
  readonly execution: string;
  readonly step: number;
  readonly status: "completed";
  /** JSON. */
  readonly output: string;
  readonly endedAt: number;
}

/** The output that every node of the measured workflow has, and every row of the floor: about 150 bytes of JSON. */
export function stepOutput(step: number): Readonly<Record<string, unknown>> {
  return {
    step,
    status: "accepted",
    amount: 129.95,
    reference: "order-2024-000123",
    note: "Confirmed by the supplier; to be sent with the next delivery.",
  };
}

export function toFloorRow(execution: string, step: number): FloorRow {
  return { execution, step, status: "completed", output: JSON.stringify(stepOutput(step)), endedAt: Date.now() };
}
