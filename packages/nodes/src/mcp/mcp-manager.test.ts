import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import {
  everythingServer,
  filesystemServer,
  isRunning,
  NODE_COMMAND,
  scriptedServer,
  startEverything,
  testCaller,
  until,
} from "../../test/support/mcp/test-servers.js";
import type { McpCaller } from "./mcp-caller.js";
import { McpManager } from "./mcp-manager.js";
import type { McpOptions, McpServer } from "./mcp-options.js";

const managers: McpManager[] = [];
afterEach(async () => {
  await Promise.all(managers.splice(0).map((manager) => manager.close()));
});

function manage(server: McpServer, options: Partial<McpOptions> = {}): McpManager {
  const manager = new McpManager({ servers: { it: server }, allowedCommands: NODE_COMMAND, ...options });
  managers.push(manager);
  return manager;
}

function call(
  manager: McpManager,
  tool: string,
  given: Record<string, unknown> = {},
  caller: McpCaller = testCaller(),
) {
  return manager.callTool(caller, "it", { tool, arguments: given, onProgress: () => undefined });
}

describe("McpManager over standard streams", () => {
  it("lists tools, resources and prompts, and calls a tool", async () => {
    const manager = manage(everythingServer());
    const caller = testCaller();
    expect((await manager.listTools(caller, "it")).map(({ name }) => name)).toContain("echo");
    expect((await manager.listResources(caller, "it")).length).toBeGreaterThan(0);
    expect((await manager.listPrompts(caller, "it")).length).toBeGreaterThan(0);
    const { content } = await call(manager, "echo", { message: "hello" });
    expect(content).toEqual([{ type: "text", text: "Echo: hello" }]);
  });

  it("shares one process among all who call at once", async () => {
    const manager = manage(everythingServer());
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => call(manager, "echo", { message: `m${index}` })),
    );
    expect(answers.map(({ content }) => content[0])).toEqual(
      answers.map((_, index) => ({ type: "text", text: `Echo: m${index}` })),
    );
    expect(manager.processIds).toHaveLength(1);
  });

  it("hands the child its own environment and nothing of the host's", async () => {
    const { PATH } = process.env;
    expect(PATH).toBeTruthy();
    const manager = manage({ ...scriptedServer("well"), environment: { GREETING: "hi" } });
    const { content } = await call(manager, "environment");
    expect(JSON.parse((content[0] as { text: string }).text)).toEqual({ GREETING: "hi" });
  });

  it("passes progress on", async () => {
    const manager = manage(everythingServer());
    const seen: number[] = [];
    await manager.callTool(testCaller(), "it", {
      tool: "trigger-long-running-operation",
      arguments: { duration: 0.1, steps: 4 },
      onProgress: ({ progress, total }) => seen.push(progress / (total ?? 1)),
    });
    // The last report may come together with the answer, and is not looked at then.
    expect(seen.slice(0, 3)).toEqual([0.25, 0.5, 0.75]);
  });

  it("tells the server when the caller gives up, and stays usable", async () => {
    const manager = manage(everythingServer());
    const giveUp = new AbortController();
    const running = manager.callTool(testCaller({ signal: giveUp.signal }), "it", {
      tool: "trigger-long-running-operation",
      arguments: { duration: 60, steps: 600 },
      onProgress: () => giveUp.abort(new Error("enough")),
    });
    await expect(running).rejects.toThrow("enough");
    await expect(call(manager, "echo", { message: "still here" })).resolves.toBeDefined();
  });

  it("sends one notice of cancellation for a call that was given up, and none for one that had ended", async () => {
    const manager = manage(scriptedServer("well"));
    const ended = new AbortController();
    await call(manager, "count", {}, testCaller({ signal: ended.signal }));
    ended.abort();
    const giveUp = new AbortController();
    const silent = call(manager, "silence", {}, testCaller({ signal: giveUp.signal }));
    setTimeout(() => giveUp.abort(new Error("enough")), 20);
    await expect(silent).rejects.toThrow("enough");
    const { content } = await call(manager, "cancelled");
    expect(content).toEqual([{ type: "text", text: "1" }]);
  });

  it("gives up after the call's time, as a loss that vouches for nothing", async () => {
    const manager = manage(everythingServer());
    const late = manager.callTool(testCaller(), "it", {
      tool: "trigger-long-running-operation",
      arguments: { duration: 60, steps: 1 },
      timeoutMs: 100,
      onProgress: () => undefined,
    });
    await expect(late).rejects.toMatchObject({ code: "ETIMEDOUT", name: "McpCallLostError" });
  });

  it("fails those who wait when the server is killed, and connects again after the back-off", async () => {
    const manager = manage(everythingServer());
    let now = 0;
    const clock = { now: () => now, setTimer: () => () => undefined };
    const caller = testCaller({ clock });
    await call(manager, "echo", { message: "up" }, caller);
    const [pid = 0] = manager.processIds;
    const lost = manager.callTool(caller, "it", {
      tool: "trigger-long-running-operation",
      arguments: { duration: 60, steps: 600 },
      onProgress: () => isRunning(pid) && process.kill(pid, "SIGKILL"),
    });
    await expect(lost).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(call(manager, "echo", { message: "x" }, caller)).rejects.toMatchObject({
      name: "RetryableNodeError",
      code: "mcp_unavailable",
      retryAfterMs: 500,
    });
    now += 500;
    await expect(call(manager, "echo", { message: "back" }, caller)).resolves.toBeDefined();
    expect(manager.processIds).not.toContain(pid);
  });

  it("waits longer after each loss in a row", async () => {
    const manager = manage(scriptedServer("die"));
    let now = 0;
    const caller = testCaller({ clock: { now: () => now, setTimer: () => () => undefined } });
    for (const waitMs of [500, 1_000, 2_000]) {
      await expect(call(manager, "count", {}, caller)).rejects.toMatchObject({ code: "ECONNRESET" });
      await expect(call(manager, "count", {}, caller)).rejects.toMatchObject({ retryAfterMs: waitMs });
      now += waitMs;
    }
  });

  it.each([["no-start"], ["missing"]])("says that a server cannot be reached: %s", async (how) => {
    const server = how === "missing" ? { ...scriptedServer("well"), command: "/no/such/program" } : scriptedServer(how);
    const manager = manage(server, { allowedCommands: [process.execPath, "/no/such/program"] });
    await expect(call(manager, "count")).rejects.toMatchObject({ name: "RetryableNodeError", code: "mcp_unavailable" });
  });

  it("ends a server whose message is too long", async () => {
    const manager = manage(scriptedServer("huge"), { maxMessageBytes: 100_000 });
    await expect(call(manager, "count")).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  it("skips what is no message", async () => {
    const manager = manage(scriptedServer("noise"));
    await expect(call(manager, "count")).resolves.toBeDefined();
  });

  it("refuses a list without end", async () => {
    const manager = manage(scriptedServer("endless-list"));
    await expect(manager.listTools(testCaller(), "it")).rejects.toMatchObject({ code: "mcp_tool_failed" });
  });

  it("keeps a list until the server says that it changed", async () => {
    const manager = manage(scriptedServer("well"));
    const caller = testCaller();
    await manager.listTools(caller, "it");
    await manager.listTools(caller, "it");
    expect((await call(manager, "count")).structuredContent).toEqual({ listed: 1 });
    await call(manager, "change");
    await manager.listTools(caller, "it");
    expect((await call(manager, "count")).structuredContent).toEqual({ listed: 2 });
  });

  it("logs what the server writes to standard error, line by line and cut", async () => {
    const manager = manage(scriptedServer("stderr"));
    const caller = testCaller();
    await manager.listTools(caller, "it");
    await call(manager, "count", {}, caller);
    expect(caller.lines).toHaveLength(20);
    expect(caller.lines.every((line) => line.length < 2_100)).toBe(true);
  });

  it("closes an idle connection and its process", async () => {
    const manager = manage(scriptedServer("well"), { idleMs: 20 });
    await call(manager, "count");
    const [pid = 0] = manager.processIds;
    await until(() => !isRunning(pid));
    expect(manager.size).toBe(0);
    await expect(call(manager, "count")).resolves.toBeDefined();
  });

  it("ends a server that refuses to leave", async () => {
    const manager = manage(scriptedServer("stubborn"));
    await call(manager, "count");
    const [pid = 0] = manager.processIds;
    await manager.close();
    expect(isRunning(pid)).toBe(false);
    await expect(call(manager, "count")).rejects.toMatchObject({ code: "mcp_unavailable" });
  });

  it("keeps no process alive, and leaves none behind when it ends", async () => {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href;
    const script = fileURLToPath(new URL("../../test/support/mcp/leaving-child.ts", import.meta.url));
    const child = spawn(process.execPath, ["--conditions=@automatrix/source", `--import=${tsx}`, script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code).toBe(0);
    expect(Number(printed)).toBeGreaterThan(0);
    await until(() => !isRunning(Number(printed)));
  });

  it("makes room by closing what is idle, and refuses when all are in use", async () => {
    const servers = { a: scriptedServer("well"), b: scriptedServer("noise") };
    const manager = new McpManager({ servers, allowedCommands: NODE_COMMAND, maxConnections: 1 });
    managers.push(manager);
    const long = { tool: "count", arguments: {}, onProgress: () => undefined };
    const both = [manager.callTool(testCaller(), "a", long), manager.callTool(testCaller(), "b", long)];
    await expect(both[1]).rejects.toMatchObject({ code: "mcp_unavailable" });
    await both[0];
    await expect(manager.callTool(testCaller(), "b", long)).resolves.toBeDefined();
    expect(manager.size).toBe(1);
  });

  it("keeps a file server to its folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "automatrix-mcp-"));
    writeFileSync(join(folder, "note.txt"), "inside");
    try {
      const manager = manage(filesystemServer(folder));
      const inside = await call(manager, "read_text_file", { path: join(folder, "note.txt") });
      expect(inside.content).toEqual([{ type: "text", text: "inside" }]);
      const outside = await call(manager, "read_text_file", { path: join(folder, "../../etc/passwd") });
      expect(outside.isError).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("McpManager over HTTP", () => {
  it.each(["streamableHttp", "sse"] as const)(
    "lists and calls over %s through the caller's fetch",
    async (transport) => {
      const running = await startEverything(transport);
      try {
        const manager = manage({ type: transport === "sse" ? "sse" : "streamable_http", url: running.url });
        const asked: string[] = [];
        const http: McpCaller["http"] = (url, init) => {
          asked.push(`${init?.method ?? "GET"}`);
          return fetch(url, init);
        };
        const caller = testCaller({ http });
        expect((await manager.listTools(caller, "it")).length).toBeGreaterThan(5);
        const { content } = await call(manager, "echo", { message: "over http" }, caller);
        expect(content).toEqual([{ type: "text", text: "Echo: over http" }]);
        expect(asked.length).toBeGreaterThan(2);
        await manager.close();
      } finally {
        await running.stop();
      }
    },
  );

  it("fails those who wait when the server is killed", async () => {
    const running = await startEverything("streamableHttp");
    try {
      const manager = manage({ type: "streamable_http", url: running.url });
      const lost = manager.callTool(testCaller(), "it", {
        tool: "trigger-long-running-operation",
        arguments: { duration: 60, steps: 600 },
        onProgress: () => running.process.kill("SIGKILL"),
      });
      await expect(lost).rejects.toMatchObject({ code: "ECONNRESET" });
      await expect(call(manager, "echo", { message: "x" })).rejects.toMatchObject({ code: "mcp_unavailable" });
    } finally {
      await running.stop();
    }
  });

  it("gives each tenant a connection of its own where a credential is sent, and hides the credential", async () => {
    const running = await startEverything("streamableHttp");
    try {
      const manager = manage({ type: "streamable_http", url: running.url, credential: "mcp" });
      const sent: (string | null)[] = [];
      const callerOf = (tenant: string) =>
        testCaller({
          tenant,
          credentials: async () => ({ token: `token-of-${tenant}` }),
          http: (url, init) => {
            sent.push(new Headers(init?.headers).get("authorization"));
            return fetch(url, init);
          },
        });
      await call(manager, "echo", { message: "a" }, callerOf("a"));
      await call(manager, "echo", { message: "b" }, callerOf("b"));
      expect(manager.size).toBe(2);
      expect([...new Set(sent)]).toEqual(["Bearer token-of-a", "Bearer token-of-b"]);
      await manager.close();
    } finally {
      await running.stop();
    }
  });

  it("says that nobody listens", async () => {
    const manager = manage({ type: "streamable_http", url: "http://127.0.0.1:9/mcp" });
    await expect(call(manager, "echo")).rejects.toMatchObject({ name: "RetryableNodeError", code: "mcp_unavailable" });
  });
});

describe("the operator's list of commands", () => {
  const server = (command: string, given: readonly string[] = []): McpServer => ({
    type: "stdio",
    command,
    arguments: given,
  });

  it.each([
    ["a relative path", server("node"), ["node"]],
    ["a command that is not listed", server("/bin/sh"), [process.execPath]],
    [
      "arguments that are not listed",
      server("/bin/sh", ["-c", "id"]),
      [{ command: "/bin/sh", arguments: ["/opt/server"] }],
    ],
    ["an address that is no URL", { type: "sse", url: "file:///etc/passwd" } as const, []],
  ])("refuses %s", (_, refused, allowedCommands) => {
    expect(() => new McpManager({ servers: { it: refused }, allowedCommands })).toThrow(
      expect.objectContaining({ code: "invalid_configuration" }),
    );
  });

  it("refuses a command that a lookup answers with", async () => {
    const manager = new McpManager({ servers: () => server("/bin/sh"), allowedCommands: [] });
    await expect(manager.listTools(testCaller(), "it")).rejects.toMatchObject({ code: "invalid_configuration" });
  });

  it.each([[{}], [{ servers: {} }]])("names the option when the server is unknown: %o", async (options) => {
    const manager = new McpManager(options);
    await expect(manager.listTools(testCaller(), "constructor")).rejects.toMatchObject({ code: "not_configured" });
  });
});
