import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSWASMModule } from "quickjs-emscripten";
import type { JsonataRequest } from "../../guest-protocol.js";
import { MAX_MESSAGE_CHARACTERS, MAX_RESULT_CHARACTERS } from "../../sandbox-limits.js";
import { toObjectText } from "../scope-object.js";
import { PROGRAM_RUNNER } from "./program-runner.js";

const MAX_STACK_BYTES = 512 * 1024;
/** Jobs of promises between two looks at the stop flag. */
const JOBS_AT_ONCE = 1_000;

const LIMITS = {
  /** Brackets within brackets of a program: its parser calls itself for each. */
  nesting: 64,
  /** Calls within calls. */
  stack: 256,
  sequence: 1_000_000,
  text: 1_000_000,
  message: MAX_MESSAGE_CHARACTERS,
  result: MAX_RESULT_CHARACTERS,
};

/** What a program came to. */
export interface Finish {
  readonly kind: string;
  readonly text: string;
}

/** JSONata in an instance of QuickJS, for one run after the other: a program cannot change what the next one sees. */
export class JsonataInstance {
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #runner: QuickJSHandle;
  #hasPatterns = false;
  #finish: Finish | undefined;

  constructor(quickjs: QuickJSWASMModule, library: string, isStopped: () => boolean) {
    this.#runtime = quickjs.newRuntime();
    this.#runtime.setMaxStackSize(MAX_STACK_BYTES);
    this.#runtime.setInterruptHandler(isStopped);
    this.#context = this.#runtime.newContext();
    const context = this.#context;
    const finish = context.newFunction("finish", (kind, text) => {
      this.#finish = { kind: context.getString(kind), text: context.getString(text) };
    });
    const create = this.#evaluate(PROGRAM_RUNNER);
    const limits = this.#evaluate(`(${JSON.stringify(LIMITS)})`);
    this.#runner = context.unwrapResult(
      context.callFunction(create, context.undefined, this.#evaluate(library), finish, limits),
    );
  }

  get hasPatterns(): boolean {
    return this.#hasPatterns;
  }

  /** Adds the library for regular expressions, which most programs do without. */
  addPatterns(library: string): void {
    const context = this.#context;
    context.unwrapResult(context.callMethod(this.#runner, "usePatterns", [this.#evaluate(library)])).dispose();
    this.#hasPatterns = true;
  }

  /** Undefined when the program was stopped, or left its instance in ruins. */
  run({ code, scope, world }: JsonataRequest, isStopped: () => boolean): Finish | undefined {
    const context = this.#context;
    this.#finish = undefined;
    const given = [
      context.newString(code),
      context.newString(toObjectText(scope)),
      context.newNumber(world.nowMs),
      context.newNumber(world.seed),
    ];
    const called = context.callMethod(this.#runner, "run", given);
    while (!isStopped() && this.#runtime.hasPendingJob()) {
      this.#runtime.executePendingJobs(JOBS_AT_ONCE).dispose();
    }
    for (const handle of given) handle.dispose();
    called.dispose();
    return isStopped() ? undefined : this.#finish;
  }

  #evaluate(source: string): QuickJSHandle {
    return this.#context.unwrapResult(this.#context.evalCode(source, "jsonata"));
  }
}
