import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import type { Logger } from "@automatrix/core";
import type { McpCaller } from "../../../src/mcp/mcp-caller.js";
import type { AllowedCommand, StdioMcpServer } from "../../../src/mcp/mcp-options.js";

const PACKAGES = new URL("../../../node_modules/@modelcontextprotocol/", import.meta.url);
const EVERYTHING = fileURLToPath(new URL("server-everything/dist/index.js", PACKAGES));
const FILESYSTEM = fileURLToPath(new URL("server-filesystem/dist/index.js", PACKAGES));
const SCRIPTED = fileURLToPath(new URL("./scripted-server.mjs", import.meta.url));

export const NODE_COMMAND: readonly AllowedCommand[] = [process.execPath];

/** The server that exercises every feature of the protocol, over its standard streams. */
export function everythingServer(environment: Readonly<Record<string, string>> = {}): StdioMcpServer {
  return { type: "stdio", command: process.execPath, arguments: [EVERYTHING, "stdio"], environment };
}

/** The server for the files below a folder. */
export function filesystemServer(folder: string): StdioMcpServer {
  return { type: "stdio", command: process.execPath, arguments: [FILESYSTEM, folder] };
}

/** A server of our own that misbehaves as told; see `scripted-server.mjs`. */
export function scriptedServer(behaviour: string): StdioMcpServer {
  return { type: "stdio", command: process.execPath, arguments: [SCRIPTED, behaviour] };
}

export interface RunningServer {
  readonly url: string;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** The same server on a port of the loopback interface. */
export async function startEverything(transport: "streamableHttp" | "sse"): Promise<RunningServer> {
  const port = await freePort();
  const child = spawn(process.execPath, [EVERYTHING, transport], {
    env: { PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes(String(port))) resolve();
    });
    void ended.then(() => reject(new Error(`The test server ended: ${said}`)));
  });
  return {
    url: `http://127.0.0.1:${port}/${transport === "sse" ? "sse" : "mcp"}`,
    process: child,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Somebody who uses a server outside a node. `lines` gathers what is logged. */
export function testCaller(overrides: Partial<McpCaller> = {}): McpCaller & { readonly lines: string[] } {
  const lines: string[] = [];
  const log = (message: string): void => void lines.push(message);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  return {
    http: fetch,
    credentials: async (name) => {
      throw new Error(`no credential ${name}`);
    },
    signal: new AbortController().signal,
    logger,
    clock: { now: () => Date.now(), setTimer: () => () => undefined },
    tenant: null,
    lines,
    ...overrides,
  };
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until something holds; fails the test when it does not within 10 s. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1_000; turn++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("It did not come to that within 10 s.");
}
