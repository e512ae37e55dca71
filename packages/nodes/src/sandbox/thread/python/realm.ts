/**
 * What runs in a fresh realm before Pyodide, as text. The realm holds the built-ins of the language and WebAssembly and
 * nothing of Node.js; text cannot be turned into code in it. Python can reach every object of its realm, so no object of
 * the thread may get in: the functions of `host` stay in closures, take and give only text and numbers, and throw nothing;
 * what is handed in as an object is stripped of its prototype's realm first.
 */
export const REALM = `(function (host, wasm, stopFlag) {
  "use strict";
  const { now, monotonicNow, randomHex, decode, encode, print } = host;
  const own = (object, prototype) => Object.setPrototypeOf(object, prototype);
  own(wasm, WebAssembly.Module.prototype);
  own(stopFlag, SharedArrayBuffer.prototype);

  const fromLatin = (text, into) => {
    for (let index = 0; index < text.length; index++) into[index] = text.charCodeAt(index);
    return into;
  };

  globalThis.console = { log() {}, info() {}, debug() {}, warn() {}, error() {} };
  globalThis.performance = { now: () => monotonicNow() };
  globalThis.crypto = {
    getRandomValues(view) {
      const hex = randomHex(view.byteLength);
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      for (let index = 0; index < bytes.length; index++) bytes[index] = parseInt(hex.substr(index * 2, 2), 16);
      return view;
    },
  };
  globalThis.TextDecoder = class TextDecoder {
    constructor(label = "utf-8") { this.label = String(label); }
    decode(view) {
      if (view === undefined) return "";
      const text = decode(this.label, view);
      if (text === undefined) throw new RangeError("The text cannot be decoded.");
      return text;
    }
  };
  globalThis.TextEncoder = class TextEncoder {
    encode(text = "") {
      const latin = encode(String(text));
      return fromLatin(latin, new Uint8Array(latin.length));
    }
    encodeInto(text, view) {
      const bytes = this.encode(text);
      view.set(bytes);
      return { read: text.length, written: bytes.length };
    }
  };
  globalThis.setTimeout = (run) => { Promise.resolve().then(run); return 0; };
  globalThis.clearTimeout = () => {};
  Date.now = () => now();
  Date.prototype.getTimezoneOffset = () => 0;

  // The loader takes this for a shell that reads its files by these functions, the module for a worker of a browser.
  const files = Object.create(null);
  globalThis.read = globalThis.load = () => { throw new Error("There are no files."); };
  globalThis.readbuffer = (name) => {
    const file = files[name];
    if (file === undefined) throw new Error("There are no files.");
    return file;
  };
  globalThis.WorkerGlobalScope = class WorkerGlobalScope {};

  // While user code runs, Python gets at no object of the realm, and calls no function by its address: one call of a
  // built-in is enough to use up the memory of the thread, or to leave the limits below.
  let isLocked = false;
  class Barred extends Error {}
  const bar = (run) => Object.assign((...given) => {
    if (isLocked) throw new Barred("It reaches for JavaScript or foreign functions, which are not there.");
    return run(...given);
  }, run);
  const isBridge = (name) => BRIDGES.includes(name) || /^(?:JsvObject_CallMethod|JsvFunction_C|emscripten_run_script)/.test(name);
  const BRIDGES = [
    "JsProxy_GetAttr_js", "JsProxy_SetAttr_js", "JsProxy_DelAttr_js", "JsProxy_subscript_js", "JsProxy_Dir_js",
    "JsvArray_New", "JsvArray_Extend", "JsvArray_ShallowCopy", "JsvArray_slice", "JsvArray_slice_assign", "JsvArray_Push",
    "JsvArray_Insert", "JsArray_repeat_js", "JsArray_inplace_repeat_js", "JsvObject_New", "JsvObject_SetAttr",
    "JsvMap_New", "JsvMap_Set", "JsvSet_New", "JsvSet_Add", "JsvLiteralMap_New", "_JsArray_PushEntry_helper", "_JsObject_Set_js", "JsObjMap_ass_subscript_js", "array_to_js", "raw_call_js",
    "_python2js_buffer_inner", "create_once_callable", "create_promise_handles", "JsvPromise_Resolve",
    "ffi_call_js", "ffi_closure_alloc_js", "ffi_prep_closure_loc_js", "_dlopen_js", "_emscripten_dlopen_js", "_dlsym_js",
  ];

  // The module was compiled once for all realms of the thread; an empty file stands for it.
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (source, imports) => {
    if (source.byteLength !== 0) return Reflect.apply(instantiate, WebAssembly, [source, imports]);
    for (const [name, run] of Object.entries(imports.env)) {
      if (typeof run === "function" && isBridge(name)) imports.env[name] = bar(run);
    }
    return { module: wasm, instance: new WebAssembly.Instance(wasm, imports) };
  };

  let maxBytes = Infinity;
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (pages) {
    if (this.buffer.byteLength + pages * 65536 > maxBytes) throw new RangeError("The memory is used up.");
    return Reflect.apply(grow, this, [pages]);
  };

  const blockedImport = () => Promise.reject(new Error("Nothing can be imported."));

  /** Counts what is written to files and pipes: it lies outside the memory of WebAssembly. */
  function boundFiles(module, maxFileBytes) {
    let written = 0;
    const take = (bytes) => {
      written += Math.max(0, bytes);
      if (!(written <= maxFileBytes)) throw new module.FS.ErrnoError(51);
    };
    const { stream, node } = module.FS.filesystems.MEMFS.ops_table.file;
    const { write } = stream;
    stream.write = (target, buffer, offset, length, position, canOwn) => {
      take(Math.max(length, position + length - target.node.contents.length));
      return write(target, buffer, offset, length, position, canOwn);
    };
    const { PIPEFS } = module;
    const writePipe = PIPEFS.stream_ops.write;
    PIPEFS.stream_ops.write = (target, buffer, offset, length, position) => {
      take(length);
      return writePipe(target, buffer, offset, length, position);
    };
    const { setattr } = node;
    node.setattr = (target, attributes) => {
      if (attributes.size !== undefined) take(attributes.size - target.contents.length);
      return setattr(target, attributes);
    };
  }

  /** Passes lines on, bounded: what has no end of line is cut. */
  function lineWriter(level, maxText) {
    let line = "";
    const end = () => { print(level, line); line = ""; };
    return {
      isatty: false,
      write(bytes) {
        const parts = (decode("utf-8", bytes) ?? "").split("\\n");
        parts.forEach((part, index) => {
          if (index > 0) end();
          if (line.length <= maxText) line += part.slice(0, maxText + 1);
        });
        return bytes.length;
      },
      end() { if (line !== "") end(); },
    };
  }

  return {
    /** Copies bytes of the thread into the realm. */
    copy(name, bytes) {
      files[name] = new Uint8Array(bytes.length);
      files[name].set(bytes);
    },
    async load(moduleScript, loaderScript, lockFile, setUp) {
      files["/pyodide.asm.wasm"] = new Uint8Array(0);
      const snapshot = files["/snapshot"];
      const pyodide = await loaderScript(blockedImport).loadPyodide({
        indexURL: "/",
        packageBaseUrl: "/",
        createPyodideModule: moduleScript(blockedImport).default,
        lockFileContents: JSON.parse(lockFile),
        jsglobals: Object.create(null),
        stdin: () => null,
        stdout: () => {},
        stderr: () => {},
        env: { HOME: "/home/python", PYTHONHASHSEED: "0", TZ: "UTC" },
        ...(snapshot === undefined ? { _makeSnapshot: true } : { _loadSnapshot: snapshot }),
      });
      for (const name of Object.keys(files)) delete files[name];
      pyodide.runPython(setUp);
      let isUsed = false;
      return {
        snapshot: () => pyodide.makeMemorySnapshot(),
        run(code, scope, memoryMb, maxText, maxResult) {
          if (isUsed) return "crashed\\n";
          isUsed = true;
          const standard = lineWriter("info", maxText);
          const errors = lineWriter("warn", maxText);
          try {
            pyodide.setStdout(standard);
            pyodide.setStderr(errors);
            pyodide.setInterruptBuffer(new Int32Array(stopFlag, 4, 1));
            boundFiles(pyodide._module, memoryMb * 1048576);
            maxBytes = pyodide._module.HEAP8.length + memoryMb * 1048576;
            const start = pyodide.globals.get("__automatrix_run");
            isLocked = true;
            const answer = start(code, scope, maxResult);
            return typeof answer === "string" ? answer : "crashed\\n";
          } catch (error) {
            if (error instanceof RangeError) return "deep\\n";
            if (error instanceof Barred) return "barred\\n" + error.message;
            return "crashed\\n" + String(error && error.message).slice(0, 300);
          } finally {
            try { standard.end(); errors.end(); } catch {}
          }
        },
      };
    },
  };
})`;
