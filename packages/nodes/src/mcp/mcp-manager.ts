import { FatalNodeError } from "@automatrix/core";
import type { CallToolResult, Prompt, Resource, Tool } from "@modelcontextprotocol/sdk/types.js";
import { canonicalJson } from "../json/canonical-json.js";
import { ExitHooks } from "./exit-hooks.js";
import type { McpCaller } from "./mcp-caller.js";
import { McpConnection, type McpToolCall } from "./mcp-connection.js";
import { unavailable } from "./mcp-errors.js";
import {
  DEFAULT_CALL_TIMEOUT_MS,
  type McpOptions,
  type McpServer,
  type McpSettings,
  requireUsable,
  toMcpSettings,
} from "./mcp-options.js";

const FIRST_BACK_OFF_MS = 500;
const LONGEST_BACK_OFF_MS = 60_000;
const MAX_REMEMBERED_FAILURES = 1_000;

/** How often a server was lost since it last did its work, and until when it is left alone. */
interface Failures {
  readonly count: number;
  readonly retryAt: number;
}

/**
 * The connections to MCP servers: one a server, shared by all executions, opened at first use. A server that was lost is
 * connected to again at the next use, after a back-off that grows with each loss. `close()` ends them all.
 */
export class McpManager implements AsyncDisposable {
  readonly #settings: McpSettings;
  readonly #connections = new Map<string, McpConnection>();
  /** Every connection whose process may still run: also those that nobody is given any more. */
  readonly #alive = new Set<McpConnection>();
  readonly #exitHooks = new ExitHooks();
  readonly #failures = new Map<string, Failures>();
  #isClosed = false;

  /** @throws ConfigurationError `invalid_configuration` for a server that could never be used */
  constructor(options: McpOptions = {}) {
    this.#settings = toMcpSettings(options);
  }

  /** Connections that are open or being opened. */
  get size(): number {
    return this.#connections.size;
  }

  /** Process ids of the stdio servers that run now. */
  get processIds(): readonly number[] {
    return [...this.#connections.values()].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  listTools(caller: McpCaller, server: string): Promise<readonly Tool[]> {
    return this.#use(caller, server, "the list of tools", (connection) => connection.lists.tools(caller.clock));
  }

  listResources(caller: McpCaller, server: string): Promise<readonly Resource[]> {
    return this.#use(caller, server, "the list of resources", (connection) => connection.lists.resources(caller.clock));
  }

  listPrompts(caller: McpCaller, server: string): Promise<readonly Prompt[]> {
    return this.#use(caller, server, "the list of prompts", (connection) => connection.lists.prompts(caller.clock));
  }

  /**
   * Calls a tool of a server.
   * @throws RetryableNodeError `mcp_unavailable` when the server cannot be reached
   * @throws McpCallLostError when it was lost, or did not answer in time, after the call had gone out
   */
  callTool(
    caller: McpCaller,
    server: string,
    call: Omit<McpToolCall, "timeoutMs"> & { readonly timeoutMs?: number | undefined },
  ): Promise<CallToolResult> {
    return this.#use(caller, server, `the tool "${call.tool}"`, (connection, { callTimeoutMs }) =>
      connection.callTool(caller.signal, {
        ...call,
        timeoutMs: call.timeoutMs ?? callTimeoutMs ?? DEFAULT_CALL_TIMEOUT_MS,
      }),
    );
  }

  /** Closes the connections to a server; the next use opens another. */
  async disconnect(server: string): Promise<void> {
    const named = [...this.#connections].filter(([key]) => key.startsWith(`${JSON.stringify(server)} `));
    await Promise.all(named.map(([, connection]) => connection.close()));
  }

  /** Ends every connection and every process. Nothing can be called after. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#alive].map((connection) => connection.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #use<Value>(
    caller: McpCaller,
    name: string,
    what: string,
    run: (connection: McpConnection, server: McpServer) => Promise<Value>,
  ): Promise<Value> {
    const server = await this.#serverOf(caller, name);
    const key = keyOf(name, server, caller.tenant);
    const connection = this.#connectionFor(caller, { name, server, key });
    const value = await connection.use(caller, what, () => run(connection, server));
    this.#failures.delete(key);
    return value;
  }

  async #serverOf({ tenant }: McpCaller, name: string): Promise<McpServer> {
    const { serverOf, allowedCommands } = this.#settings;
    if (serverOf === undefined)
      throw new FatalNodeError("No MCP servers are set up; name them in the option `mcp.servers` of the nodes.", {
        code: "not_configured",
      });
    const server = await serverOf(name, { tenant });
    if (server === undefined)
      throw new FatalNodeError(`There is no MCP server "${name}"; add it to the option \`mcp.servers\` of the nodes.`, {
        code: "not_configured",
      });
    requireUsable(name, server, allowedCommands);
    return server;
  }

  #connectionFor(
    { clock }: McpCaller,
    { name, server, key }: { readonly name: string; readonly server: McpServer; readonly key: string },
  ): McpConnection {
    if (this.#isClosed) throw unavailable(name, "the connections of this process were closed.");
    const known = this.#connections.get(key);
    if (known !== undefined && !known.isClosed) return known;
    const waitMs = (this.#failures.get(key)?.retryAt ?? 0) - clock.now();
    if (waitMs > 0) throw unavailable(name, "it failed a moment ago.", { retryAfterMs: waitMs });
    this.#makeRoom(name);
    const connection: McpConnection = new McpConnection({
      name,
      server,
      settings: this.#settings,
      exitHooks: this.#exitHooks,
      onClosed: ({ isLost }) => {
        if (this.#connections.get(key) === connection) this.#connections.delete(key);
        if (isLost) this.#noteLoss(key, clock.now());
        void Promise.resolve()
          .then(() => connection.close())
          .then(() => this.#alive.delete(connection));
      },
    });
    this.#alive.add(connection);
    this.#connections.set(key, connection);
    return connection;
  }

  /** The idle connection that was opened first goes first. */
  #makeRoom(name: string): void {
    if (this.#connections.size < this.#settings.maxConnections) return;
    const idle = [...this.#connections].find(([, connection]) => connection.isIdle);
    if (idle === undefined)
      throw unavailable(name, `all ${this.#settings.maxConnections} connections (mcp.maxConnections) are in use.`);
    this.#connections.delete(idle[0]);
    void idle[1].close();
  }

  #noteLoss(key: string, now: number): void {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    const waitMs = Math.min(LONGEST_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(count - 1, 16));
    this.#failures.delete(key);
    this.#failures.set(key, { count, retryAt: now + waitMs });
    if (this.#failures.size > MAX_REMEMBERED_FAILURES)
      this.#failures.delete(this.#failures.keys().next().value as string);
  }
}

/** A server whose settings changed is another one; so is that of another tenant where a credential is the tenant's. */
function keyOf(name: string, server: McpServer, tenant: string | null): string {
  const isTenants = server.type !== "stdio" && server.credential !== undefined;
  return `${JSON.stringify(name)} ${isTenants ? JSON.stringify(tenant) : ""} ${canonicalJson(server)}`;
}
