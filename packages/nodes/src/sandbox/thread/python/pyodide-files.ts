import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import vm from "node:vm";
import { MissingPackageError, resolvePackage } from "../missing-package.js";
import { compileWebAssembly } from "../web-assembly.js";

const DYNAMIC_IMPORT = /\bimport\s*\(/g;
const DEFAULT_EXPORT = /\bexport default (\w+);?/;
const NAMED_EXPORTS = /\bexport\s*\{([^}]*)\};?/;

/** Pyodide, read and compiled once for a thread. */
export interface PyodideFiles {
  /** Evaluates to `(blockedImport) => ({ default: createPyodideModule })`. */
  readonly module: vm.Script;
  /** Evaluates to `(blockedImport) => ({ loadPyodide })`. */
  readonly loader: vm.Script;
  readonly wasm: WebAssembly.Module;
  readonly standardLibrary: Uint8Array;
  /** JSON of what Pyodide wants to know of its packages: there are none. */
  readonly lockFile: string;
}

/** @throws MissingPackageError when Pyodide is not installed */
export async function readPyodide(): Promise<PyodideFiles> {
  const folder = dirname(resolvePackage("pyodide", "code_python"));
  const text = (name: string) => readFile(join(folder, name), "utf8");
  const bytes = (name: string) => readFile(join(folder, name));
  try {
    const [module, loader, wasm, standardLibrary, lockFile] = await Promise.all([
      text("pyodide.asm.mjs"),
      text("pyodide.mjs"),
      bytes("pyodide.asm.wasm"),
      bytes("python_stdlib.zip"),
      text("pyodide-lock.json"),
    ]);
    return {
      module: toScript(module, "pyodide.asm.mjs"),
      loader: toScript(loader, "pyodide.mjs"),
      wasm: await compileWebAssembly(wasm),
      standardLibrary,
      lockFile: JSON.stringify({ info: (JSON.parse(lockFile) as { info: unknown }).info, packages: {} }),
    };
  } catch (cause) {
    throw new MissingPackageError("code_python cannot read the package pyodide; install pyodide@314 anew.", { cause });
  }
}

/** A module as a strict function that can import nothing and answers with its exports. */
function toScript(source: string, filename: string): vm.Script {
  const exported: string[] = [];
  const body = source
    .replaceAll("import.meta.url", JSON.stringify(`file:///${filename}`))
    .replace(DYNAMIC_IMPORT, "blockedImport(")
    .replace(DEFAULT_EXPORT, (_, name: string) => {
      exported.push(`default: ${name}`);
      return "";
    })
    .replace(NAMED_EXPORTS, (_, list: string) => {
      for (const entry of list.split(",")) {
        const [local, name = local] = entry.trim().split(/\s+as\s+/);
        exported.push(`${name}: ${local}`);
      }
      return "";
    });
  return new vm.Script(`(function (blockedImport) {"use strict";${body}\nreturn {${exported.join()}};})`, { filename });
}
