import type { Clock } from "@automatrix/core";
import type { CircuitBreakerOptions } from "../ai-options.js";
import { type AiErrorReason, createProviderError, reasonOf } from "../provider-error.js";

const DEFAULT_FAILURES = 5;
const DEFAULT_WINDOW_MS = 30_000;
const DEFAULT_OPEN_MS = 30_000;
/** Failures that speak of the provider's health; a rate limit or a bad key says nothing about it. */
const COUNTED: ReadonlySet<AiErrorReason> = new Set(["server_error", "timeout", "connection", "broken_answer"]);

/** What a circuit stands for. */
export interface CircuitName {
  readonly provider: string;
  readonly model: string;
}

/**
 * A circuit for each provider. Closed, it lets calls through and remembers when they failed. With `failures` of them within
 * `windowMs` it opens and refuses everything for `openMs`. Then a single call probes: any answer closes the circuit, a failure
 * opens it again; meanwhile other calls are refused. A probe that was cancelled leaves the turn to the next call.
 */
export interface CircuitBreakers {
  /** @throws RetryableNodeError `ai_provider_error` with reason `circuit_open` */
  run<Value>(name: CircuitName, clock: Clock, call: () => Promise<Value>): Promise<Value>;
}

interface Circuit {
  failedAt: readonly number[];
  openUntil: number | undefined;
  isProbing: boolean;
}

export function createCircuitBreakers(options: CircuitBreakerOptions | false): CircuitBreakers {
  if (options === false) return { run: (_name, _clock, call) => call() };
  const { failures = DEFAULT_FAILURES, windowMs = DEFAULT_WINDOW_MS, openMs = DEFAULT_OPEN_MS } = options;
  const circuits = new Map<string, Circuit>();
  return {
    async run(name, clock, call) {
      const circuit = circuitOf(name.provider);
      const isProbe = enter(circuit, name, clock.now());
      try {
        const value = await call();
        if (isProbe) circuits.delete(name.provider);
        return value;
      } catch (error) {
        if (isProbe) endProbe(circuit, error, clock.now());
        else noteFailure(circuit, error, clock.now());
        throw error;
      }
    },
  };

  function circuitOf(provider: string): Circuit {
    const known = circuits.get(provider) ?? { failedAt: [], openUntil: undefined, isProbing: false };
    circuits.set(provider, known);
    return known;
  }

  function enter(circuit: Circuit, name: CircuitName, now: number): boolean {
    if (circuit.openUntil === undefined) return false;
    if (now < circuit.openUntil) throw circuitOpen(name, circuit.openUntil - now);
    if (circuit.isProbing) throw circuitOpen(name, openMs);
    circuit.isProbing = true;
    return true;
  }

  function endProbe(circuit: Circuit, error: unknown, now: number): void {
    circuit.isProbing = false;
    const reason = reasonOf(error);
    if (reason === undefined) return;
    circuit.failedAt = [];
    circuit.openUntil = COUNTED.has(reason) ? now + openMs : undefined;
  }

  function noteFailure(circuit: Circuit, error: unknown, now: number): void {
    const reason = reasonOf(error);
    if (reason === undefined || !COUNTED.has(reason)) return;
    circuit.failedAt = [...circuit.failedAt.filter((at) => at > now - windowMs), now].slice(-failures);
    if (circuit.failedAt.length >= failures) circuit.openUntil = now + openMs;
  }
}

function circuitOpen({ provider, model }: CircuitName, retryAfterMs: number): Error {
  return createProviderError(
    `The AI provider "${provider}" failed repeatedly and is left alone for ${Math.ceil(retryAfterMs / 1_000)} s.`,
    { provider, model, reason: "circuit_open", retryAfterMs },
  );
}
