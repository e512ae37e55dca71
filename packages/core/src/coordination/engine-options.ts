import { DEFAULT_LIMITS, type Limits } from "../definition/limits.js";
import type { NodePack, NodeType } from "../definition/node-type.js";
import { ConfigurationError } from "../errors/errors.js";
import type { NetworkOptions } from "../network/network-options.js";
import type { BlobStore } from "../ports/blob-store.js";
import type { Cache } from "../ports/cache.js";
import type { Clock } from "../ports/clock.js";
import type { Dispatcher } from "../ports/dispatcher.js";
import type { EventBus } from "../ports/event-bus.js";
import type { Ids } from "../ports/ids.js";
import type { Logger } from "../ports/logger.js";
import type { Random } from "../ports/random.js";
import type { SecretStore } from "../ports/secret-store.js";
import type { Storage } from "../ports/storage.js";
import type { Durability } from "../running/services.js";
import { type LeaseOptions, parseLease } from "./claiming/lease.js";
import type { RetentionOptions } from "./retention.js";

const DEFAULT_EXECUTIONS = 100;
const DEFAULT_NODES = 1_000;
const DEFAULT_FLUSH_INTERVAL_MS = 50;
const DEFAULT_QUARANTINE_AFTER = 3;

/** Parts and options of an engine. Only `storage` and `nodes` are required. */
export interface EngineOptions {
  readonly storage: Storage;
  readonly nodes: Iterable<NodeType>;
  readonly plugins?: readonly NodePack[];
  /**
   * `executions` (100) run at once, the others are queued; `nodes` (1,000) run at once over all of them. An engine with
   * 0 executions starts, cancels, signals and fires schedules, and leaves running to workers on the same storage.
   */
  readonly concurrency?: { readonly executions?: number; readonly nodes?: number };
  /** Default `barrier`. */
  readonly durability?: Durability;
  /** Longest time that a result stays unwritten, in milliseconds. Default 50. */
  readonly flushIntervalMs?: number;
  readonly limits?: Partial<Limits>;
  /**
   * Tags of node types that run here. An execution that comes to a node with another tag is handed over to a worker that
   * offers it, and waits when there is none. Nodes without tags run everywhere. Default: every tag.
   */
  readonly offers?: readonly string[];
  readonly lease?: Partial<LeaseOptions>;
  /** Deaths of workers after which an execution is set aside. Default 3. */
  readonly quarantineAfter?: number;
  /** Ended executions are kept for ever unless this says otherwise. */
  readonly retention?: RetentionOptions;
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly ids?: Ids;
  readonly secrets?: SecretStore;
  readonly blobs?: BlobStore;
  readonly cache?: Cache;
  /**
   * Hands executions to whichever worker has a place: with it every start is queued. Closed with the engine. Without it
   * starts run here while there are places, and the sweeps of all workers share what is queued.
   */
  readonly dispatcher?: Dispatcher;
  /** Lets engines in other processes see events and outcomes at once. Closed with the engine. */
  readonly eventBus?: EventBus;
  /** What `ctx.http` may reach, and the limits of its calls. Default: public addresses only. */
  readonly network?: NetworkOptions;
  /** What `ctx.http` calls, in place of the guarded fetch that `network` sets up. */
  readonly http?: (url: string | URL, init?: RequestInit) => Promise<Response>;
}

/** The options that are numbers, names and lists: checked, the defaults filled in. */
export interface EngineSettings {
  readonly limits: Limits;
  readonly lease: LeaseOptions;
  readonly maxExecutions: number;
  readonly maxNodes: number;
  readonly durability: Durability;
  readonly flushIntervalMs: number;
  /** Null offers every tag. */
  readonly offers: ReadonlySet<string> | null;
  readonly quarantineAfter: number;
  readonly retention: RetentionOptions;
}

/** @throws ConfigurationError `invalid_configuration` naming the option and what it may be */
export function parseEngineOptions(options: EngineOptions): EngineSettings {
  requireStorage(options.storage);
  const { concurrency, durability = "barrier", flushIntervalMs = DEFAULT_FLUSH_INTERVAL_MS } = options;
  return {
    limits: Object.freeze({ ...DEFAULT_LIMITS, ...options.limits }),
    lease: parseLease(options.lease),
    maxExecutions: wholeFrom(0, concurrency?.executions ?? DEFAULT_EXECUTIONS, "concurrency.executions"),
    maxNodes: wholeFrom(1, concurrency?.nodes ?? DEFAULT_NODES, "concurrency.nodes"),
    durability: parseDurability(durability),
    flushIntervalMs: notNegative(flushIntervalMs, "flushIntervalMs"),
    offers: options.offers === undefined ? null : parseOffers(options.offers),
    quarantineAfter: wholeFrom(1, options.quarantineAfter ?? DEFAULT_QUARANTINE_AFTER, "quarantineAfter"),
    retention: options.retention ?? {},
  };
}

function requireStorage(storage: unknown): void {
  if (typeof (storage as Storage | undefined)?.commit === "function") return;
  throw new ConfigurationError("invalid_configuration", "createEngine needs a storage, such as memoryStorage().");
}

function parseOffers(offers: readonly string[]): ReadonlySet<string> {
  if (Array.isArray(offers) && offers.every((tag) => typeof tag === "string" && tag !== "")) return new Set(offers);
  throw new ConfigurationError("invalid_configuration", "offers must be a list of tags of node types.");
}

function parseDurability(value: Durability): Durability {
  if (value === "barrier" || value === "strict" || value === "outcome") return value;
  throw new ConfigurationError("invalid_configuration", `durability must be "barrier", "strict" or "outcome".`);
}

function notNegative(value: number, name: string): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new ConfigurationError("invalid_configuration", `${name} must be a number from 0 on, not ${String(value)}.`);
}

function wholeFrom(least: 0 | 1, value: number, name: string): number {
  if (value >= least && (Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY)) return value;
  const kind = least === 0 ? "an integer from 0 on" : "a positive integer";
  throw new ConfigurationError("invalid_configuration", `${name} must be ${kind}, not ${String(value)}.`);
}
