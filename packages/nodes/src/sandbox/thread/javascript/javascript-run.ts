import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from "quickjs-emscripten";
import type { GuestAnswer, GuestLog, JavaScriptRequest, LogLevel } from "../../guest-protocol.js";
import { MAX_LOG_LINE_CHARACTERS, MAX_RESULT_CHARACTERS } from "../../sandbox-limits.js";
import { toObjectText } from "../scope-object.js";
import { PRELUDE } from "./prelude.js";
import { FILE_NAME, outOfMemory, toFailure, toSyntaxFailure } from "./script-failure.js";

const MEGABYTE = 1024 * 1024;
const MAX_STACK_BYTES = 256 * 1024;
/** Jobs of promises between two looks at the stop flag. */
const JOBS_AT_ONCE = 1_000;

/**
 * What stands before the code, on a line of its own. `trigger` and `execution` are around the function rather than its
 * parameters, so that code may have variables of these names.
 */
const HEAD = "((trigger, execution) => async function (input, inputs, nodes, vars, console) {";

/** Whatever the prelude says that the code came to. */
interface Finish {
  readonly kind: string;
  readonly text: string;
}

/** One run in an instance of QuickJS that nobody uses after it. */
export class JavaScriptRun {
  readonly #quickjs: QuickJSWASMModule;
  readonly #request: JavaScriptRequest;
  readonly #stopFlag: Int32Array;
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  #finish: Finish | undefined;

  constructor(quickjs: QuickJSWASMModule, request: JavaScriptRequest, stopFlag: Int32Array) {
    this.#quickjs = quickjs;
    this.#request = request;
    this.#stopFlag = stopFlag;
    this.#runtime = quickjs.newRuntime();
    this.#runtime.setMemoryLimit(request.memoryMb * MEGABYTE);
    this.#runtime.setMaxStackSize(MAX_STACK_BYTES);
    this.#runtime.setInterruptHandler(() => this.#isStopped);
    this.#context = this.#runtime.newContext();
  }

  perform(log: GuestLog): GuestAnswer {
    const context = this.#context;
    const start = this.#prelude(log);
    const { code } = this.#request;
    const main = context.evalCode(`${HEAD}\n${code}\n})`, FILE_NAME);
    if (main.error) return this.#failed(main.error, (error) => toSyntaxFailure(error, code));
    const called = context.callFunction(
      start,
      context.undefined,
      main.value,
      context.newString(toObjectText(this.#request.scope)),
    );
    if (called.error) return this.#failed(called.error, toFailure);
    this.#runJobs();
    return this.#answer();
  }

  get #isStopped(): boolean {
    return Atomics.load(this.#stopFlag, 0) !== 0;
  }

  /** The function of the prelude that calls the user's. */
  #prelude(log: GuestLog): QuickJSHandle {
    const context = this.#context;
    const print = context.newFunction("print", (level, text) =>
      log(context.getString(level) as LogLevel, context.getString(text)) ? context.true : context.false,
    );
    const finish = context.newFunction("finish", (kind, text) => {
      this.#finish = { kind: context.getString(kind), text: context.getString(text) };
    });
    return context.unwrapResult(
      context.callFunction(
        context.unwrapResult(context.evalCode(PRELUDE, "sandbox")),
        context.undefined,
        print,
        finish,
        context.newNumber(this.#request.world.seed),
        context.newNumber(MAX_LOG_LINE_CHARACTERS + 1),
        context.newNumber(MAX_RESULT_CHARACTERS),
      ),
    );
  }

  #runJobs(): void {
    while (!this.#isStopped && this.#runtime.hasPendingJob()) {
      this.#runtime.executePendingJobs(JOBS_AT_ONCE);
    }
  }

  #answer(): GuestAnswer {
    if (this.#isStopped) return { outcome: "stopped" };
    switch (this.#finish?.kind) {
      case "value":
        return { outcome: "result", json: this.#finish.text };
      case "too_large":
        return tooLarge();
      case "refused":
        return refused(this.#finish.text);
      case "thrown":
        return toFailure(JSON.parse(this.#finish.text));
      case "thrown_null":
        return this.#isFull() ? outOfMemory() : toFailure(null);
      default:
        return this.#isFull() ? outOfMemory() : neverSettled();
    }
  }

  #failed(thrown: QuickJSHandle, toAnswer: (error: unknown) => GuestAnswer): GuestAnswer {
    if (this.#isStopped) return { outcome: "stopped" };
    const error: unknown = this.#context.dump(thrown);
    return error === null && this.#isFull() ? outOfMemory() : toAnswer(error);
  }

  /** Whether the memory is used up: without room for an error, QuickJS throws null or leaves a promise as it is. */
  #isFull(): boolean {
    try {
      this.#quickjs.getWasmMemory().grow(1);
      return false;
    } catch {
      return true;
    }
  }
}

function neverSettled(): GuestAnswer {
  return {
    outcome: "failure",
    code: "code_failed",
    message: "The code waits for a promise that nothing will settle: there are no timers and no network here.",
  };
}

function refused(what: string): GuestAnswer {
  return {
    outcome: "failure",
    code: "output_not_serializable",
    message: `The code returned ${what}, which cannot be stored as JSON.`,
  };
}

function tooLarge(): GuestAnswer {
  return {
    outcome: "failure",
    code: "output_too_large",
    message: `The code returned more than ${MAX_RESULT_CHARACTERS} characters of JSON; return less, or store it as a blob.`,
  };
}
