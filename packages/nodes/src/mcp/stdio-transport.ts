/**
 * MCP over the standard streams of a child process.
 *
 * Own code, since the SDK's transport hands on part of the host's environment, ends only the child itself (not what a
 * launcher started), and keeps the host's process alive. Not started → running → closing → closed. The child leads a
 * process group of its own, which is ended as a whole: its input is closed first, then SIGTERM, then SIGKILL.
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { loadModule } from "../loading/load-module.js";
import type { ExitHooks } from "./exit-hooks.js";
import type { McpSdk } from "./load-mcp-sdk.js";
import type { StdioMcpServer } from "./mcp-options.js";

/** How long a server may take to leave by itself, and again after SIGTERM. */
const LEAVE_WITHIN_MS = 1_000;
/** How long the streams may stay open after the child itself has ended; others may hold them. */
const DRAIN_WITHIN_MS = 500;
const MAX_STDERR_LINE_LENGTH = 2_000;
/** Lines of a server's standard error that are passed on in its life; a server that floods it is cut short. */
const MAX_STDERR_LINES = 10_000;

export interface StdioTransportParams {
  readonly server: StdioMcpServer;
  readonly sdk: McpSdk;
  readonly maxMessageBytes: number;
  readonly exitHooks: ExitHooks;
  readonly onStderrLine: (line: string) => void;
}

export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly #params: StdioTransportParams;
  readonly #buffer: InstanceType<McpSdk["stdio"]["ReadBuffer"]>;
  #child: ChildProcessWithoutNullStreams | undefined;
  #closed: Promise<void> | undefined;
  #isHeld = false;

  constructor(params: StdioTransportParams) {
    this.#params = params;
    this.#buffer = new params.sdk.stdio.ReadBuffer({ maxBufferSize: params.maxMessageBytes });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether the child keeps this process alive: only while somebody waits for an answer. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    const child = this.#child;
    if (child === undefined) return;
    for (const part of [child, child.stdin, child.stdout, child.stderr] as unknown as readonly Socket[])
      if (isHeld) part.ref();
      else part.unref();
  }

  start(): Promise<void> {
    const { command, arguments: args = [], environment = {}, workingDirectory } = this.#params.server;
    const { spawn } = loadModule<typeof import("node:child_process")>("node:child_process");
    const child = spawn(command, args, {
      env: { ...environment },
      cwd: workingDirectory,
      stdio: "pipe",
      shell: false,
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#child = child;
    this.hold(this.#isHeld);
    const killAtExit = (): void => this.#signal("SIGKILL");
    this.#params.exitHooks.add(killAtExit);
    this.#closed = new Promise((resolve) => {
      const end = (): void => {
        this.#params.exitHooks.delete(killAtExit);
        this.#signal("SIGKILL");
        resolve();
      };
      child.once("close", end);
      child.once("error", end);
      child.once("exit", () => this.#stopDraining(child));
    });
    void this.#closed.then(() => this.onclose?.());
    this.#listen(child);
    return new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
  }

  #listen(child: ChildProcessWithoutNullStreams): void {
    child.on("error", (error) => this.onerror?.(error));
    for (const stream of [child.stdin, child.stdout, child.stderr])
      stream.on("error", (error) => this.onerror?.(error));
    child.stdout.on("data", (chunk: Buffer) => this.#read(chunk));
    const toLines = lineReader(this.#params.onStderrLine);
    child.stderr.on("data", toLines);
  }

  /** A message that is too long ends the server: nothing after it could be read. One that is no message is skipped. */
  #read(chunk: Buffer): void {
    try {
      this.#buffer.append(chunk);
    } catch (error) {
      this.onerror?.(error as Error);
      this.#signal("SIGKILL");
      return;
    }
    for (;;) {
      try {
        const message = this.#buffer.readMessage();
        if (message === null) return;
        this.onmessage?.(message);
      } catch (error) {
        this.onerror?.(error as Error);
      }
    }
  }

  #stopDraining(child: ChildProcessWithoutNullStreams): void {
    setTimeout(() => {
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    }, DRAIN_WITHIN_MS).unref();
  }

  send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    return new Promise((resolve, reject) => {
      if (stdin === undefined || !stdin.writable) return reject(new Error("The MCP server has ended."));
      stdin.write(this.#params.sdk.stdio.serializeMessage(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Resolves once the child and what it started have ended. */
  async close(): Promise<void> {
    const closed = this.#closed;
    if (closed === undefined) return;
    this.#child?.stdin.end();
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (await endsWithin(closed, LEAVE_WITHIN_MS)) return;
      this.#signal(signal);
    }
    await endsWithin(closed, LEAVE_WITHIN_MS);
  }

  /** To the whole group, so that nothing that a launcher started stays behind. */
  #signal(signal: "SIGTERM" | "SIGKILL"): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      if (process.platform === "win32") this.#child?.kill(signal);
      else process.kill(-pid, signal);
    } catch {
      // Nobody of the group is left.
    }
  }
}

async function endsWithin(ended: Promise<void>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const result = await Promise.race([ended.then(() => true), late]);
  clearTimeout(timer);
  return result;
}

/** Takes chunks, and hands on lines of bounded length and number. */
function lineReader(onLine: (line: string) => void): (chunk: Buffer) => void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let count = 0;
  return (chunk) => {
    if (count >= MAX_STDERR_LINES) return;
    const lines = (rest + decoder.write(chunk)).split("\n");
    rest = (lines.pop() ?? "").slice(0, MAX_STDERR_LINE_LENGTH);
    for (const line of lines) {
      count += 1;
      if (count > MAX_STDERR_LINES) return;
      if (line.trim() !== "") onLine(line.slice(0, MAX_STDERR_LINE_LENGTH));
    }
  };
}
