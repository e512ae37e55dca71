import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { QuickJSWASMModule } from "quickjs-emscripten";
import { loadPackage, resolvePackage } from "../missing-package.js";
import { compileWebAssembly, WebAssemblyMemory } from "../web-assembly.js";

const PAGE_BYTES = 64 * 1024;
const MEGABYTE = 1024 * 1024;
/** What QuickJS starts with; no run has less. */
const FIRST_PAGES = 256;
const PACKAGE = "quickjs-emscripten";

/** Makes QuickJS instances from code that was compiled once. */
export class QuickJsLoader {
  readonly #package: typeof import("quickjs-emscripten");
  readonly #compiled: WebAssembly.Module;

  private constructor(loaded: typeof import("quickjs-emscripten"), compiled: WebAssembly.Module) {
    this.#package = loaded;
    this.#compiled = compiled;
  }

  /** @throws MissingPackageError */
  static async load(neededFor: string): Promise<QuickJsLoader> {
    const loaded = loadPackage<typeof import("quickjs-emscripten")>(PACKAGE, neededFor);
    const fromPackage = createRequire(resolvePackage(PACKAGE, neededFor));
    const file = fromPackage.resolve("@jitl/quickjs-wasmfile-release-sync/wasm");
    return new QuickJsLoader(loaded, await compileWebAssembly(await readFile(file)));
  }

  /**
   * An instance with memory of its own, bounded: QuickJS's own limit does not see how large its allocations really are
   * in WebAssembly, and refuses only what passes the limit at one blow.
   */
  async instantiate(memoryMb: number): Promise<QuickJSWASMModule> {
    const { newQuickJSWASMModuleFromVariant, newVariant, RELEASE_SYNC } = this.#package;
    const maximum = Math.max(FIRST_PAGES, (memoryMb * MEGABYTE) / PAGE_BYTES);
    const wasmMemory = new WebAssemblyMemory({ initial: FIRST_PAGES, maximum });
    return newQuickJSWASMModuleFromVariant(newVariant(RELEASE_SYNC, { wasmModule: this.#compiled, wasmMemory }));
  }
}
