import { AutomatrixError } from "../errors/errors.js";
import type { Clock } from "../ports/clock.js";

/** Failures in a row, within the window, that open the circuit of a host. */
export const CIRCUIT_FAILURES = 5;
export const CIRCUIT_WINDOW_MS = 30_000;
/** How long an open circuit lets nothing through. */
export const CIRCUIT_OPEN_MS = 30_000;
/** What callers are told to wait while the one trial of a half-open circuit is under way. */
const TRIAL_WAIT_MS = 1_000;
/** Hosts in trouble that are remembered; beyond, the one that failed longest ago is forgotten. */
const MAX_HOSTS = 1_000;

/** The leave to make one call. Exactly one of its functions counts: the first that is called. */
export interface CircuitPass {
  succeeded(): void;
  failed(): void;
  /** Neither: the caller gave up, or nothing was sent. */
  abandoned(): void;
}

interface Circuit {
  failedAt: readonly number[];
  /** Undefined while the circuit is closed. */
  openUntil: number | undefined;
  hasTrial: boolean;
}

/**
 * A breaker for each host. Closed: calls pass, and a success forgets earlier failures. Five failures in a row within
 * 30 s → open: nothing passes for 30 s. After that half-open: one call passes as a trial; its success closes the
 * circuit, its failure opens it for another 30 s.
 */
export class CircuitBreakers {
  readonly #clock: Clock;
  /** Hosts that failed lately, the one that failed longest ago first. */
  readonly #circuits = new Map<string, Circuit>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws AutomatrixError `circuit_open` with `retryAfterMs` */
  pass(host: string): CircuitPass {
    const circuit = this.#circuits.get(host);
    if (circuit?.openUntil === undefined) return once(() => this.#closedPass(host));
    const now = this.#clock.now();
    if (now < circuit.openUntil) throw circuitOpen(host, circuit.openUntil - now);
    if (circuit.hasTrial) throw circuitOpen(host, TRIAL_WAIT_MS);
    circuit.hasTrial = true;
    return once(() => this.#trialPass(host, circuit));
  }

  #closedPass(host: string): CircuitPass {
    return {
      succeeded: () => {
        if (this.#circuits.get(host)?.openUntil === undefined) this.#circuits.delete(host);
      },
      failed: () => this.#failed(host),
      abandoned: () => undefined,
    };
  }

  #trialPass(host: string, circuit: Circuit): CircuitPass {
    return {
      succeeded: () => {
        if (this.#circuits.get(host) === circuit) this.#circuits.delete(host);
      },
      failed: () => {
        circuit.hasTrial = false;
        circuit.openUntil = this.#clock.now() + CIRCUIT_OPEN_MS;
        this.#remember(host, circuit);
      },
      abandoned: () => {
        circuit.hasTrial = false;
      },
    };
  }

  #failed(host: string): void {
    const now = this.#clock.now();
    const circuit = this.#circuits.get(host) ?? { failedAt: [], openUntil: undefined, hasTrial: false };
    if (circuit.openUntil !== undefined) return;
    circuit.failedAt = [...circuit.failedAt.filter((at) => now - at < CIRCUIT_WINDOW_MS), now];
    if (circuit.failedAt.length >= CIRCUIT_FAILURES) circuit.openUntil = now + CIRCUIT_OPEN_MS;
    this.#remember(host, circuit);
  }

  #remember(host: string, circuit: Circuit): void {
    this.#circuits.delete(host);
    this.#circuits.set(host, circuit);
    const [oldest] = this.#circuits.keys();
    if (this.#circuits.size > MAX_HOSTS && oldest !== undefined) this.#circuits.delete(oldest);
  }
}

function once(make: () => CircuitPass): CircuitPass {
  let pass: CircuitPass | undefined = make();
  const settle = (how: keyof CircuitPass) => () => {
    const open = pass;
    pass = undefined;
    open?.[how]();
  };
  return { succeeded: settle("succeeded"), failed: settle("failed"), abandoned: settle("abandoned") };
}

/** Not a `RetryableNodeError`: only a node knows that nothing of what it does has happened, not one of its calls. */
function circuitOpen(host: string, retryAfterMs: number): AutomatrixError {
  const error = new AutomatrixError(
    "circuit_open",
    `The host "${host}" failed ${CIRCUIT_FAILURES} times in a row and is not called for now; the next call is let through in ${Math.ceil(retryAfterMs / 1000)} s.`,
    { details: { host } },
  );
  return Object.assign(error, { retryAfterMs });
}
