import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { codePython } from "./code-python.js";

function run(code: string, parameters: Readonly<Record<string, unknown>> = {}, input: unknown = { a: 1 }) {
  return testNode(codePython)
    .parameters({ code, ...parameters })
    .input(input)
    .run();
}

async function outputOf(code: string, input?: unknown): Promise<unknown> {
  const { output, error } = await run(code, {}, input);
  expect(error).toBeUndefined();
  return output;
}

async function errorOf(code: string, parameters?: Readonly<Record<string, unknown>>) {
  const { error } = await run(code, parameters);
  return { code: error?.code, message: error?.message, details: error?.details };
}

// The first interpreter takes seconds to start.
describe("code_python", { timeout: 120_000 }, () => {
  it("runs a function body on its values", async () => {
    expect(await outputOf("return input['a'] + 1")).toBe(2);
    expect(await outputOf("x = input['a']\nx * 21")).toBe(21);
    expect(await outputOf("import json, math\nreturn {'pi': math.floor(math.pi), 'é': ['ü€😀', None, True]}")).toEqual({
      pi: 3,
      é: ["ü€😀", null, true],
    });
    expect(await outputOf("text = '''\nno indentation\n'''\nreturn [text, inputs, vars, len(nodes)]")).toEqual([
      "\nno indentation\n",
      {},
      {},
      0,
    ]);
    expect(await outputOf("pass")).toBeNull();
    expect(await outputOf("")).toBeNull();
    expect(await outputOf("[trigger, len(execution['id']) > 0, execution['workflowId']]")).toEqual([
      { a: 1 },
      true,
      null,
    ]);
  });

  it("runs its example", async () => {
    const { parameters, input, output } = codePython.example ?? { parameters: {} };
    expect((await testNode(codePython).parameters(parameters).input(input).run()).output).toEqual(output);
  });

  it.each([
    ["a = []\na.append(a)\nreturn a", "output_not_serializable", "a cyclic value"],
    ["return {1, 2}", "output_not_serializable", "a set"],
    ["return float('nan')", "output_not_serializable", "not finite"],
    ["return 'x' * 5_000_000", "output_too_large", "characters"],
    ["x = 1\nraise ValueError('bad')", "code_failed", "in line 2: ValueError: bad"],
    ["x = 1\nx = = 2", "code_failed", "in line 2: SyntaxError"],
    ["def f():\n  return f()\nf()", "code_failed", "RecursionError"],
    ["import sys\nsys.exit(3)", "code_failed", "SystemExit"],
    ["import os\nos._exit(1)", "code_failed", "broke down"],
    ["raise KeyboardInterrupt", "code_failed", "KeyboardInterrupt"],
    ["return 'x' * (512 * 1024 * 1024)", "code_out_of_memory", "memory"],
    ["a = []\nwhile True: a.append('x' * 10_000)", "code_out_of_memory", "memory"],
    ["f = open('/tmp/x', 'wb')\nwhile True: f.write(b'x' * 1_000_000)", "code_failed", "No space left"],
  ])("ends in a clear error: %j", async (code, expected, text) => {
    const error = await errorOf(code);
    expect(error.code).toBe(expected);
    expect(error.message).toContain(text);
  });

  it("stops what runs too long, even what refuses to", async () => {
    const spin = "while True: pass";
    const stubborn = "while True:\n  try:\n    while True: pass\n  except BaseException: pass";
    for (const code of [spin, "import time\ntime.sleep(60)", stubborn]) {
      expect(await errorOf(code, { timeoutMs: 300 })).toMatchObject({ code: "code_timed_out" });
    }
    expect(await outputOf("return 1")).toBe(1);
  });

  it.each([
    ["import js", "No module named 'js'"],
    ["import pyodide_js", "No module named 'pyodide_js'"],
    ["from pyodide.code import run_js", "No module named 'pyodide'"],
    ["import ctypes\nctypes.CDLL(None).abs(-1)", "not there"],
    ["import socket\nsocket.create_connection(('127.0.0.1', 1))", "unreachable"],
    ["import micropip", "No module named 'micropip'"],
    ["import gc\nfor o in gc.get_objects():\n  if getattr(o, '__name__', '') == 'to_js': o([1, 2])", "not there"],
  ])("has no way out: %j", async (code, text) => {
    const error = await errorOf(code);
    expect(error.code).toBe("code_failed");
    expect(error.message).toContain(text);
  });

  it("sees no file, process or environment of the host", async () => {
    process.env["SANDBOX_TEST_SECRET"] = "secret";
    const output = (await outputOf(
      "import os\nreturn [os.system('id'), os.environ.get('SANDBOX_TEST_SECRET'), os.path.exists('/etc/hostname')]",
    )) as unknown[];
    delete process.env["SANDBOX_TEST_SECRET"];
    expect(output).toEqual([-1, null, false]);
  });

  it("leaves nothing behind for the next run", async () => {
    await run("import sys, json, builtins\nsys.left = 1\njson.dumps = None\nbuiltins.open = None\nopen_ = 1\nreturn 1");
    const code = "import sys, json\nreturn [hasattr(sys, 'left'), json.dumps is None, open is None]";
    expect(await outputOf(code)).toEqual([false, false, false]);
  });

  it("takes the time from the engine, and chance anew each run", async () => {
    const code = "import datetime, random, uuid\nreturn [datetime.datetime.now(), random.random(), str(uuid.uuid4())]";
    const [first, second] = [(await outputOf(code)) as string[], (await outputOf(code)) as string[]];
    expect(first[0]).toMatch(/^2025-01-01T00:00/);
    expect(first[1]).not.toBe(second[1]);
    expect(first[2]).not.toBe(second[2]);
    expect(codePython.effects).toBe("idempotent");
  });

  it("writes what is printed to the node's log, bounded", async () => {
    const { logs } = await run("import sys\nprint('a', 1)\nprint('w', file=sys.stderr)\nprint('open end', end='')");
    expect(logs.map(({ level, message }) => [level, message])).toEqual([
      ["info", "a 1"],
      ["warn", "w"],
      ["info", "open end"],
    ]);
    const flood = await run("for n in range(2000): print('x' * 10_000)\nprint('y' * 5_000_000, end='')\nreturn 1");
    expect(flood.output).toBe(1);
    expect(flood.logs).toHaveLength(201);
    expect(Math.max(...flood.logs.map(({ message }) => message.length))).toBeLessThanOrEqual(2_001);
  });

  it("stops with its execution", async () => {
    const result = await testNode(codePython)
      .parameters({ code: "while True: pass", timeoutMs: 60_000 })
      .settings({ attemptTimeoutMs: 1_000, retry: { maxAttempts: 1 } })
      .advance(2_000)
      .run();
    expect(result.error?.code).toBe("attempt_timed_out");
    expect(await outputOf("return 1")).toBe(1);
  });
});
