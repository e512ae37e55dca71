import type { Guest, GuestAnswer, GuestLog, GuestOutcome, JsonataRequest } from "../../guest-protocol.js";
import { JSONATA_MEMORY_MB, MAX_RESULT_CHARACTERS } from "../../sandbox-limits.js";
import { QuickJsLoader } from "../quickjs/quickjs-loader.js";
import { setWorldClock } from "../world-clock.js";
import { type Finish, JsonataInstance } from "./jsonata-instance.js";
import { readLibrary } from "./library.js";

/**
 * Runs JSONata in QuickJS: in the JavaScript of this thread a program could use up the memory at one blow, and that ends
 * the whole process. An instance serves until a program reaches a limit; then there is a new one.
 */
export class JsonataGuest implements Guest<JsonataRequest> {
  readonly #isStopped: () => boolean;
  #loader: Promise<QuickJsLoader> | undefined;
  #instance: JsonataInstance | undefined;

  constructor(stopFlag: Int32Array) {
    this.#isStopped = () => Atomics.load(stopFlag, 0) !== 0;
  }

  async prepare({ code }: JsonataRequest): Promise<void> {
    this.#loader ??= QuickJsLoader.load("data_transform with jsonata");
    const loader = await this.#loader;
    this.#instance ??= new JsonataInstance(
      await loader.instantiate(JSONATA_MEMORY_MB),
      await readLibrary("jsonata/jsonata.min.js"),
      this.#isStopped,
    );
    // A pattern stands between slashes.
    if (code.includes("/") && !this.#instance.hasPatterns) this.#instance.addPatterns(await readLibrary("re2js"));
  }

  run(request: JsonataRequest, _log: GuestLog): GuestOutcome {
    const instance = this.#instance as JsonataInstance;
    // Until the run is known to have left it whole.
    this.#instance = undefined;
    setWorldClock({ ...request.world, clockMoves: false });
    const finish = perform(instance, request, this.#isStopped);
    if (this.#isStopped()) return { answer: { outcome: "stopped" } };
    if (finish === undefined) return { answer: failure("expression_limit", "It needs more memory than it may use.") };
    const answer = toAnswer(finish.kind, finish.text);
    if (answer.outcome === "result" || (answer.outcome === "failure" && answer.code !== "expression_limit")) {
      this.#instance = instance;
    }
    return { answer };
  }
}

/** Undefined when QuickJS itself gave up. */
function perform(instance: JsonataInstance, request: JsonataRequest, isStopped: () => boolean): Finish | undefined {
  try {
    return instance.run(request, isStopped);
  } catch {
    return undefined;
  }
}

interface ProgramFailure {
  readonly code: string;
  readonly message: string;
  readonly reason?: string;
  readonly offset?: number;
}

function toAnswer(kind: string, text: string): GuestAnswer {
  switch (kind) {
    case "value":
      return { outcome: "result", json: text };
    case "too_large":
      return failure("output_too_large", `It returned more than ${MAX_RESULT_CHARACTERS} characters of JSON.`);
    case "refused":
      return failure("output_not_serializable", `It returned ${text}, which cannot be stored as JSON.`);
    default: {
      const { code, message, ...details } = JSON.parse(text) as ProgramFailure;
      return failure(code, message, details);
    }
  }
}

function failure(code: string, message: string, details: Readonly<Record<string, unknown>> = {}): GuestAnswer {
  return { outcome: "failure", code, message: `The JSONata program failed: ${message}`, details };
}
