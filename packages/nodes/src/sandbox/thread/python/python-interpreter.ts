import { randomBytes } from "node:crypto";
import vm from "node:vm";
import type { GuestLog, GuestWorld, LogLevel, PythonRequest } from "../../guest-protocol.js";
import { MAX_LOG_LINE_CHARACTERS, MAX_RESULT_CHARACTERS } from "../../sandbox-limits.js";
import { toObjectText } from "../scope-object.js";
import type { PyodideFiles } from "./pyodide-files.js";
import { REALM } from "./realm.js";
import { COMMON_IMPORTS, RUNNER } from "./runner.js";

/** What the realm answers with: functions of another realm, which are given and give only text, numbers and bytes. */
interface Realm {
  copy(name: string, bytes: Uint8Array): void;
  load(module: unknown, loader: unknown, lockFile: string, setUp: string): Promise<LoadedPython>;
}

interface LoadedPython {
  snapshot(): Uint8Array;
  run(code: string, scope: string, memoryMb: number, maxText: number, maxResult: number): string;
}

/** As of `crypto.getRandomValues`. */
const MAX_RANDOM_BYTES = 65_536;

const realmScript = new vm.Script(REALM, { filename: "realm.js" });

/** A Python interpreter in a realm of its own, for one run. */
export class PythonInterpreter {
  readonly #loaded: LoadedPython;
  readonly #host: Host;

  private constructor(loaded: LoadedPython, host: Host) {
    this.#loaded = loaded;
    this.#host = host;
  }

  /** Starts one, quickly from a snapshot of another. */
  static async start(files: PyodideFiles, stopFlag: Int32Array, snapshot?: Uint8Array): Promise<PythonInterpreter> {
    const context = vm.createContext(Object.create(null), { codeGeneration: { strings: false, wasm: true } });
    const host = new Host();
    const createRealm = realmScript.runInContext(context) as (
      functions: unknown,
      wasm: WebAssembly.Module,
      stopFlag: ArrayBufferLike,
    ) => Realm;
    const realm = createRealm(host.functions(), files.wasm, stopFlag.buffer);
    realm.copy("/python_stdlib.zip", files.standardLibrary);
    if (snapshot !== undefined) realm.copy("/snapshot", snapshot);
    const loaded = await realm.load(
      files.module.runInContext(context),
      files.loader.runInContext(context),
      files.lockFile,
      snapshot === undefined ? COMMON_IMPORTS : RUNNER,
    );
    return new PythonInterpreter(loaded, host);
  }

  /** Only of an interpreter that was started without one. */
  snapshot(): Uint8Array {
    return this.#loaded.snapshot();
  }

  /** Runs code and answers with a kind and what belongs to it. */
  run(
    { code, scope, memoryMb, world }: PythonRequest,
    log: GuestLog,
  ): { readonly kind: string; readonly text: string } {
    this.#host.begin(world, log);
    const answer = this.#loaded.run(
      code,
      toObjectText(scope),
      memoryMb,
      MAX_LOG_LINE_CHARACTERS,
      MAX_RESULT_CHARACTERS,
    );
    const end = answer.indexOf("\n");
    return { kind: answer.slice(0, end), text: answer.slice(end + 1) };
  }
}

/** What the realm may ask of its thread: time, chance, text, the log. */
class Host {
  #now = () => Date.now();
  #log: GuestLog = () => false;
  #isLogFull = false;

  begin({ nowMs }: GuestWorld, log: GuestLog): void {
    const begun = performance.now();
    this.#now = () => nowMs + performance.now() - begun;
    this.#log = log;
  }

  functions() {
    return {
      now: () => this.#now(),
      monotonicNow: () => performance.now(),
      randomHex: (bytes: number) =>
        typeof bytes === "number" && bytes <= MAX_RANDOM_BYTES ? randomBytes(bytes).toString("hex") : "",
      decode: (label: string, view: Uint8Array) => orNothing(() => new TextDecoder(label).decode(view)),
      encode: (text: string) => Buffer.from(text, "utf8").toString("latin1"),
      print: (level: string, text: string) => {
        if (!this.#isLogFull) this.#isLogFull = !this.#log(level as LogLevel, text);
      },
    };
  }
}

/** An error of this realm must not be seen in the other. */
function orNothing(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
