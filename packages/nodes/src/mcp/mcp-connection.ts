/**
 * One connection to one MCP server, shared by whoever uses it.
 *
 * Opening → open → closed, and never opened again: the manager makes another. While it is used it keeps the process
 * alive; unused for a while it closes by itself. When the server is lost, everything that waits for it fails.
 */
import type { RequestOptions } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { findSecret } from "../http/credential-field.js";
import type { ExitHooks } from "./exit-hooks.js";
import { createHttpTransport } from "./http-transport.js";
import { loadMcpSdk, type McpSdk } from "./load-mcp-sdk.js";
import type { McpCaller } from "./mcp-caller.js";
import { McpCallLostError, reasonOf, toCallError, unavailable } from "./mcp-errors.js";
import { McpLists } from "./mcp-lists.js";
import type { McpServer, McpSettings } from "./mcp-options.js";
import { StdioTransport } from "./stdio-transport.js";

export interface McpConnectionParams {
  readonly name: string;
  readonly server: McpServer;
  readonly settings: McpSettings;
  readonly exitHooks: ExitHooks;
  /** Called once: `isLost` unless it was closed on purpose. */
  readonly onClosed: (end: { readonly isLost: boolean }) => void;
}

export interface McpToolCall {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly onProgress: (progress: {
    readonly progress: number;
    readonly total?: number | undefined;
    readonly message?: string | undefined;
  }) => void;
}

type Client = InstanceType<McpSdk["client"]["Client"]>;

/** What this package says it is. */
const CLIENT = { name: "automatrix", version: "0.1.0" } as const;
const END_SESSION_WITHIN_MS = 1_000;

export class McpConnection {
  readonly #params: McpConnectionParams;
  readonly #sdk: McpSdk;
  readonly #client: Client;
  readonly #lists: McpLists;
  readonly #loggers = new Set<McpCaller["logger"]>();
  #transport: Transport | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #http: McpCaller["http"] | undefined;
  #uses = 0;
  #idleTimer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #isClosing = false;

  constructor(params: McpConnectionParams) {
    this.#params = params;
    this.#sdk = loadMcpSdk();
    this.#client = new this.#sdk.client.Client(CLIENT, { capabilities: {} });
    this.#client.onclose = () => this.#closed();
    this.#client.onerror = () => undefined;
    this.#lists = new McpLists({ client: this.#client, sdk: this.#sdk, keepMs: params.settings.listCacheMs });
  }

  get isIdle(): boolean {
    return this.#uses === 0;
  }

  get isClosed(): boolean {
    return this.#isClosed || this.#isClosing;
  }

  get lists(): McpLists {
    return this.#lists;
  }

  /** Process id of a stdio server, for operators and tests. */
  get pid(): number | undefined {
    return this.#transport instanceof StdioTransport ? this.#transport.pid : undefined;
  }

  /** Uses the connection once it is open; gives up when the caller does. */
  async use<Value>(caller: McpCaller, what: string, run: () => Promise<Value>): Promise<Value> {
    caller.signal.throwIfAborted();
    this.#enter(caller);
    try {
      await untilAborted(this.#open(caller), caller.signal);
      return await run();
    } catch (error) {
      if (caller.signal.aborted) throw caller.signal.reason;
      throw toCallError(this.#params.name, what, error);
    } finally {
      this.#leave(caller);
    }
  }

  #enter(caller: McpCaller): void {
    this.#http = caller.http;
    this.#loggers.add(caller.logger);
    this.#uses += 1;
    clearTimeout(this.#idleTimer);
    if (this.#uses === 1) this.#hold(true);
  }

  #leave(caller: McpCaller): void {
    this.#loggers.delete(caller.logger);
    this.#uses -= 1;
    if (this.#uses > 0 || this.#isClosed) return;
    this.#hold(false);
    this.#idleTimer = setTimeout(() => void this.close(), this.#params.settings.idleMs);
    this.#idleTimer.unref();
  }

  #hold(isHeld: boolean): void {
    if (this.#transport instanceof StdioTransport) this.#transport.hold(isHeld);
  }

  #open(caller: McpCaller): Promise<void> {
    this.#opening ??= this.#connect(caller);
    return this.#opening;
  }

  async #connect(caller: McpCaller): Promise<void> {
    const { name, settings } = this.#params;
    try {
      this.#transport = await this.#createTransport(caller);
      if (this.isClosed) throw unavailable(name, "the connection was closed.");
      this.#hold(true);
      await this.#client.connect(this.#transport, { timeout: settings.connectTimeoutMs });
      this.#lists.watch();
    } catch (error) {
      await this.close({ isLost: true });
      const asked = toCallError(name, "connecting", error);
      throw asked instanceof McpCallLostError ? unavailable(name, reasonOf(error), { cause: error }) : asked;
    }
  }

  async #createTransport(caller: McpCaller): Promise<Transport> {
    const { server, settings, exitHooks } = this.#params;
    const { maxMessageBytes } = settings;
    const sdk = this.#sdk;
    if (server.type === "stdio")
      return new StdioTransport({ server, sdk, maxMessageBytes, exitHooks, onStderrLine: (line) => this.#log(line) });
    const fetch: McpCaller["http"] = (url, init) => (this.#http as McpCaller["http"])(url, init);
    const headers = { ...server.headers, ...(await readCredential(caller, server.credential)) };
    const onBroken = (): void => void this.close({ isLost: true });
    return createHttpTransport({ server, sdk, fetch, headers, maxMessageBytes, onBroken });
  }

  /** To those who use the server now; nobody else has asked for it. */
  #log(line: string): void {
    for (const logger of this.#loggers) logger.info(`MCP server "${this.#params.name}": ${line}`);
  }

  /** Calls a tool; the server is told when the caller gives up or the time is over. */
  async callTool(signal: AbortSignal, call: McpToolCall): Promise<CallToolResult> {
    const cancelled = new AbortController();
    const cancel = (): void => cancelled.abort("The caller gave up.");
    signal.addEventListener("abort", cancel, { once: true });
    const options: RequestOptions = {
      signal: cancelled.signal,
      timeout: call.timeoutMs,
      onprogress: (progress) => call.onProgress(progress),
    };
    try {
      return await this.#client.request(
        { method: "tools/call", params: { name: call.tool, arguments: { ...call.arguments } } },
        this.#sdk.types.CallToolResultSchema,
        options,
      );
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  /**
   * Ends the connection; whoever waits for an answer fails. Resolves once the process of a stdio server has ended, also
   * when it is called a second time.
   */
  close({ isLost = false }: { readonly isLost?: boolean } = {}): Promise<void> {
    this.#closing ??= this.#end(isLost);
    return this.#closing;
  }

  async #end(isLost: boolean): Promise<void> {
    this.#isClosing = !isLost;
    const transport = this.#transport;
    this.#closed();
    if (!isLost) await endSession(transport);
    await this.#client.close().catch(() => undefined);
    await transport?.close().catch(() => undefined);
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#params.onClosed({ isLost: !this.#isClosing });
  }
}

/** Tells an HTTP server that it may forget the session; it need not answer. */
async function endSession(transport: Transport | undefined): Promise<void> {
  const { terminateSession } = (transport ?? {}) as { terminateSession?: () => Promise<void> };
  if (terminateSession === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, END_SESSION_WITHIN_MS);
  });
  await Promise.race([terminateSession.call(transport).catch(() => undefined), late]);
  clearTimeout(timer);
}

async function readCredential(caller: McpCaller, name: string | undefined): Promise<Readonly<Record<string, string>>> {
  if (name === undefined) return {};
  const credential = await caller.credentials(name);
  const { headers } = credential;
  const token = findSecret(credential, "token");
  const named = typeof headers === "object" && headers !== null ? Object.entries(headers) : [];
  const texts = named.filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return { ...Object.fromEntries(texts), ...(token !== undefined && { authorization: `Bearer ${token}` }) };
}

/** Rejects when the signal aborts first; the other goes on for those who wait for it too. */
function untilAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
