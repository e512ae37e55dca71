import type { Guest, GuestAnswer, GuestLog, GuestOutcome, PythonRequest } from "../../guest-protocol.js";
import { MAX_RESULT_CHARACTERS } from "../../sandbox-limits.js";
import { outOfMemory } from "../javascript/script-failure.js";
import { type PyodideFiles, readPyodide } from "./pyodide-files.js";
import { PythonInterpreter } from "./python-interpreter.js";

/**
 * Runs Python in Pyodide: each run in an interpreter and a realm of its own, so that nothing is left of it for the next.
 * The first interpreter takes seconds and leaves a snapshot of its memory; the others start from that, ahead of time.
 */
export class PythonGuest implements Guest<PythonRequest> {
  readonly #stopFlag: Int32Array;
  #source: Promise<{ readonly files: PyodideFiles; readonly snapshot: Uint8Array }> | undefined;
  #next: Promise<PythonInterpreter> | undefined;
  #current: PythonInterpreter | undefined;

  constructor(stopFlag: Int32Array) {
    this.#stopFlag = stopFlag;
  }

  async prepare(): Promise<void> {
    this.#next ??= this.#start();
    this.#current = await this.#next;
    this.#next = undefined;
  }

  run(request: PythonRequest, log: GuestLog): GuestOutcome {
    const interpreter = this.#current as PythonInterpreter;
    this.#current = undefined;
    const { kind, text } = interpreter.run(request, log);
    return { answer: this.#toAnswer(kind, text) };
  }

  afterRun(): void {
    this.#next = this.#start();
    // Whoever needs it next hears of a failure.
    this.#next.catch(() => {});
  }

  async #start(): Promise<PythonInterpreter> {
    this.#source ??= this.#prepareSource();
    const { files, snapshot } = await this.#source;
    return PythonInterpreter.start(files, this.#stopFlag, snapshot);
  }

  async #prepareSource() {
    const files = await readPyodide();
    const first = await PythonInterpreter.start(files, this.#stopFlag);
    return { files, snapshot: first.snapshot() };
  }

  #toAnswer(kind: string, text: string): GuestAnswer {
    if (Atomics.load(this.#stopFlag, 0) !== 0) return { outcome: "stopped" };
    switch (kind) {
      case "value":
        return { outcome: "result", json: text };
      case "too_large":
        return failure("output_too_large", `The code returned more than ${MAX_RESULT_CHARACTERS} characters of JSON.`);
      case "refused":
        return failure("output_not_serializable", `The code returned ${text}, which cannot be stored as JSON.`);
      case "thrown":
        return thrown(JSON.parse(text) as Thrown);
      case "memory":
        return outOfMemory();
      case "interrupted":
        return failure("code_failed", "The code threw KeyboardInterrupt.");
      case "barred":
        return failure("code_failed", `The code was stopped. ${text}`);
      case "deep":
        return failure("code_failed", "The code calls itself too deeply.");
      default:
        return failure("code_failed", `The interpreter broke down: ${text}`);
    }
  }
}

interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly line: number | null;
}

function thrown({ name, message, line }: Thrown): GuestAnswer {
  const place = line === null ? "" : ` in line ${line}`;
  return {
    outcome: "failure",
    code: "code_failed",
    message: `The code failed${place}: ${name}${message === "" ? "" : `: ${message}`}`,
    details: { name, ...(line !== null && { line }) },
  };
}

function failure(code: string, message: string): GuestAnswer {
  return { outcome: "failure", code, message };
}
