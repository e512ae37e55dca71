import type { Guest, GuestAnswer, GuestLog, GuestOutcome, JavaScriptRequest } from "../../guest-protocol.js";
import { QuickJsLoader } from "../quickjs/quickjs-loader.js";
import { setWorldClock } from "../world-clock.js";
import { JavaScriptRun } from "./javascript-run.js";
import { outOfMemory } from "./script-failure.js";

/**
 * Runs JavaScript in QuickJS: each run in an instance of its own, which sees the standard built-ins of the language and
 * what it is given, and nothing of this thread. The instance goes with the run, its memory and handles with it.
 */
export class JavaScriptGuest implements Guest<JavaScriptRequest> {
  readonly #stopFlag: Int32Array;
  #loader: QuickJsLoader | undefined;

  constructor(stopFlag: Int32Array) {
    this.#stopFlag = stopFlag;
  }

  async prepare(): Promise<void> {
    this.#loader ??= await QuickJsLoader.load("code_javascript");
  }

  async run(request: JavaScriptRequest, log: GuestLog): Promise<GuestOutcome> {
    const loader = this.#loader as QuickJsLoader;
    setWorldClock(request.world);
    const quickjs = await loader.instantiate(request.memoryMb);
    try {
      return { answer: new JavaScriptRun(quickjs, request, this.#stopFlag).perform(log) };
    } catch (error) {
      return { answer: brokenAnswer(error, Atomics.load(this.#stopFlag, 0) !== 0) };
    }
  }
}

/** QuickJS itself gave up: too deep for the stack of the thread, or no memory for what it cannot do without. */
function brokenAnswer(error: unknown, wasStopped: boolean): GuestAnswer {
  if (wasStopped) return { outcome: "stopped" };
  if (!(error instanceof RangeError)) return outOfMemory();
  return { outcome: "failure", code: "code_failed", message: "The code calls itself too deeply." };
}
