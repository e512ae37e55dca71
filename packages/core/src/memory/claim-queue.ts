import type { ExecutionRecord, FlowLimits } from "../ports/execution-record.js";
import { Heap } from "../shared/heap.js";
import type { FlowCounts } from "./flow-counts.js";
import type { StoredExecution } from "./stored-execution.js";

/** Stale places of sleepers that are borne before they are thrown out. */
const MIN_STALE_PLACES = 1_000;

/** Where an execution stands. Its owner forgets it to leave: the place stays behind, empty. */
export interface QueuePlace {
  stored: StoredExecution | undefined;
  readonly priority: number;
  readonly order: number;
  /** The line that it stands in; undefined while it sleeps until `wakeAt`. */
  readonly line: Line | undefined;
  readonly wakeAt: number | null;
}

/** Executions that are held back, or not, by the very same things, so that only the first of them has to be looked at. */
interface Line {
  readonly key: string;
  readonly tenant: string | null;
  readonly requires: readonly string[];
  /** Null when no limit can hold them back. */
  readonly limits: FlowLimits | null;
  /** True when none of them has started. */
  readonly isNew: boolean;
  readonly places: Heap<QueuePlace>;
}

export interface TakeParams {
  readonly limit: number;
  readonly dueAt: number;
  /** Null offers every tag. */
  readonly offers: readonly string[] | null;
  /** Makes it the claimer's; counts it as running. */
  readonly own: (stored: StoredExecution) => void;
}

/**
 * Executions that may be claimed, in lines, and parked ones that sleep until an instant. What is owned, blocked, or
 * parked until news comes is in neither, so that a claim with nothing to claim costs nothing.
 */
export class ClaimQueue {
  readonly #flow: FlowCounts;
  readonly #lines = new Map<string, Line>();
  #sleepers = new Heap<QueuePlace>(byWakeAt);
  #stalePlaces = 0;
  /** Parked ones that are in a line already: with news, or due and held back. */
  readonly #awakeParked = new Set<StoredExecution>();

  constructor(flow: FlowCounts) {
    this.#flow = flow;
  }

  /** Lets it be claimed as soon as its record allows. Its owner, if any, is dead. */
  add(stored: StoredExecution): void {
    this.remove(stored);
    const { record, hasNews } = stored;
    if (!record.isParked) {
      if (record.blocked === null) this.#lineUp(stored);
    } else if (hasNews) this.#lineUp(stored);
    else if (record.wakeAt !== null) this.#sleep(stored, record.wakeAt);
  }

  remove(stored: StoredExecution): void {
    const { place } = stored;
    if (place === undefined) return;
    place.stored = undefined;
    stored.place = undefined;
    this.#awakeParked.delete(stored);
    if (place.line === undefined) this.#stalePlaces++;
  }

  take({ limit, dueAt, offers, own }: TakeParams): readonly StoredExecution[] {
    this.#wake(dueAt);
    const taken: StoredExecution[] = [];
    if (this.#lines.size === 0) return taken;
    const tenants = this.#linesByTenant(dueAt, offers);
    while (taken.length < limit) {
      const lines = this.#nextTenant(tenants, dueAt);
      const line = lines?.pop();
      const stored = line?.places.peek()?.stored;
      if (line === undefined || stored === undefined) break;
      this.remove(stored);
      own(stored);
      taken.push(stored);
      if (this.#first(line, dueAt) !== undefined) lines?.push(line);
    }
    return taken;
  }

  /** Takes those of these that stand in the queue, are due, and that no limit may hold back. */
  takeAmong(
    candidates: readonly StoredExecution[],
    { limit, dueAt, offers, own }: TakeParams,
  ): readonly StoredExecution[] {
    const taken = candidates
      .filter((stored) => stored.place !== undefined && isDue(stored, dueAt))
      .filter(({ record }) => record.owner === null && record.limits === null)
      .filter(({ record }) => offers === null || record.requires.every((tag) => offers.includes(tag)))
      .sort((a, b) => b.record.priority - a.record.priority || a.order - b.order)
      .slice(0, limit);
    for (const stored of taken) {
      this.remove(stored);
      own(stored);
    }
    return taken;
  }

  /** The smallest `wakeAt` of all that are parked. */
  nextWakeAt(): number | null {
    let next = this.#firstSleeper()?.wakeAt ?? Number.POSITIVE_INFINITY;
    for (const { record } of this.#awakeParked) next = Math.min(next, record.wakeAt ?? Number.POSITIVE_INFINITY);
    return Number.isFinite(next) ? next : null;
  }

  /** The lines that may be claimed from, each tenant's in the order of who stands first in them. */
  #linesByTenant(dueAt: number, offers: readonly string[] | null): Map<string | null, Heap<Line>> {
    const tenants = new Map<string | null, Heap<Line>>();
    for (const line of this.#lines.values()) {
      if (offers !== null && !line.requires.every((tag) => offers.includes(tag))) continue;
      if (this.#first(line, dueAt) === undefined) continue;
      const lines = tenants.get(line.tenant) ?? new Heap(byFirst);
      lines.push(line);
      tenants.set(line.tenant, lines);
    }
    return tenants;
  }

  /** The tenant whose turn it is. Lines that are held back are dropped: this claim does not free any place. */
  #nextTenant(tenants: Map<string | null, Heap<Line>>, at: number): Heap<Line> | undefined {
    let best: Heap<Line> | undefined;
    for (const [tenant, lines] of tenants) {
      for (let line = lines.peek(); line !== undefined && this.#isHeldBack(line, at); line = lines.peek()) lines.pop();
      if (lines.size === 0) tenants.delete(tenant);
      else if (best === undefined || this.#comesBefore(lines, best)) best = lines;
    }
    return best;
  }

  #isHeldBack({ limits, isNew }: Line, at: number): boolean {
    return limits !== null && this.#flow.isHeldBack(limits, { isNew, at });
  }

  #comesBefore(lines: Heap<Line>, others: Heap<Line>): boolean {
    const [line, other] = [lines.peek() as Line, others.peek() as Line];
    const [place, otherPlace] = [firstOf(line), firstOf(other)];
    if (place.priority !== otherPlace.priority) return place.priority > otherPlace.priority;
    const share = this.#flow.runningOf(line.tenant) - this.#flow.runningOf(other.tenant);
    return share === 0 ? place.order < otherPlace.order : share < 0;
  }

  #first(line: Line, dueAt: number): QueuePlace | undefined {
    for (;;) {
      const place = line.places.peek();
      if (place === undefined) {
        this.#lines.delete(line.key);
        return undefined;
      }
      const { stored } = place;
      if (stored !== undefined && isDue(stored, dueAt)) return place;
      line.places.pop();
      // A clock that went back: it was due, and is not any more.
      if (stored !== undefined) this.add(stored);
    }
  }

  #lineUp(stored: StoredExecution): void {
    const { record } = stored;
    const line = this.#lineOf(record);
    const place: QueuePlace = {
      stored,
      priority: record.priority,
      order: stored.order,
      line,
      wakeAt: record.wakeAt,
    };
    stored.place = place;
    line.places.push(place);
    if (record.isParked && record.wakeAt !== null) this.#awakeParked.add(stored);
  }

  #lineOf(record: ExecutionRecord): Line {
    const { tenant, requires } = record;
    const limits = takesPlace(record) ? record.limits : null;
    const isNew = record.startedAt === null;
    const key = JSON.stringify([tenant, requires, limits, limits !== null && isNew]);
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = { key, tenant, requires, limits, isNew, places: new Heap(byOrder) };
      this.#lines.set(key, line);
    }
    return line;
  }

  #sleep(stored: StoredExecution, wakeAt: number): void {
    const place: QueuePlace = { stored, priority: 0, order: stored.order, line: undefined, wakeAt };
    stored.place = place;
    this.#sleepers.push(place);
    if (this.#stalePlaces > MIN_STALE_PLACES && this.#stalePlaces > this.#sleepers.size / 2) this.#dropStalePlaces();
  }

  #wake(dueAt: number): void {
    for (;;) {
      const place = this.#firstSleeper();
      if (place?.stored === undefined || (place.wakeAt as number) > dueAt) return;
      this.#sleepers.pop();
      this.#lineUp(place.stored);
    }
  }

  #firstSleeper(): QueuePlace | undefined {
    for (;;) {
      const place = this.#sleepers.peek();
      if (place === undefined || place.stored !== undefined) return place;
      this.#sleepers.pop();
      this.#stalePlaces--;
    }
  }

  #dropStalePlaces(): void {
    const kept = new Heap<QueuePlace>(byWakeAt);
    for (let place = this.#sleepers.pop(); place !== undefined; place = this.#sleepers.pop())
      if (place.stored !== undefined) kept.push(place);
    this.#sleepers = kept;
    this.#stalePlaces = 0;
  }
}

/** What runs already has its place, and what is neither queued nor parked goes on with what it had. */
function takesPlace({ status, isParked }: ExecutionRecord): boolean {
  return status === "queued" || (isParked && status !== "running");
}

function isDue({ record, hasNews }: StoredExecution, dueAt: number): boolean {
  return !record.isParked || hasNews || (record.wakeAt ?? Number.POSITIVE_INFINITY) <= dueAt;
}

/** Of a line that is not empty. */
function firstOf({ places }: Line): QueuePlace {
  return places.peek() as QueuePlace;
}

function byFirst(a: Line, b: Line): number {
  return byOrder(firstOf(a), firstOf(b));
}

function byOrder(a: QueuePlace, b: QueuePlace): number {
  return b.priority - a.priority || a.order - b.order;
}

function byWakeAt(a: QueuePlace, b: QueuePlace): number {
  return (a.wakeAt as number) - (b.wakeAt as number);
}
