import { isAbsolute } from "node:path";
import { ConfigurationError } from "@automatrix/core";

/** An MCP server that runs as a child process and speaks over its standard streams. */
export interface StdioMcpServer {
  readonly type: "stdio";
  /** Absolute path of the program; it must be in `allowedCommands`. */
  readonly command: string;
  readonly arguments?: readonly string[];
  /** The whole environment of the child: nothing of the host's own is inherited. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
}

/** An MCP server behind a URL. `sse` is the older of the two protocols. */
export interface HttpMcpServer {
  readonly type: "streamable_http" | "sse";
  readonly url: string;
  /** Headers without secrets. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Name of a credential with `token` (sent as bearer token) or `headers`. Each tenant then has a connection of its own. */
  readonly credential?: string;
  /**
   * Keeps a stream open on which the server reports changes of its lists. Without it, lists are read anew after
   * `listCacheMs`, and an idle connection holds nothing open. Only for `streamable_http`; default false.
   */
  readonly listen?: boolean;
}

export type McpServer = (StdioMcpServer | HttpMcpServer) & {
  /** How long a call may take when the node sets no `timeoutMs`; default 60,000. */
  readonly callTimeoutMs?: number;
};

/** A program that may be started: with any arguments, or only with arguments that begin with these. */
export type AllowedCommand = string | { readonly command: string; readonly arguments: readonly string[] };

/** What an operator sets up for `mcp_tool` and for the MCP tools of agents. Nothing of it can come from a workflow. */
export interface McpOptions {
  /** Servers by name, or a function that looks one up for a tenant. */
  readonly servers?: Readonly<Record<string, McpServer>> | McpServerLookup;
  /** The programs that stdio servers may be. Default none. */
  readonly allowedCommands?: readonly AllowedCommand[];
  /** Connections open at once; an idle one is closed to make room. Default 32. */
  readonly maxConnections?: number;
  /** How long a connection is kept after its last use, in milliseconds. Default 60,000. */
  readonly idleMs?: number;
  /** How long connecting may take, in milliseconds. Default 30,000. */
  readonly connectTimeoutMs?: number;
  /** How long lists of tools, resources and prompts are kept, in milliseconds, unless the server reports a change. Default 300,000. */
  readonly listCacheMs?: number;
  /** Largest message that a server may send, in bytes. Default 16 MiB. */
  readonly maxMessageBytes?: number;
}

export type McpServerLookup = (
  name: string,
  scope: { readonly tenant: string | null },
) => McpServer | undefined | Promise<McpServer | undefined>;

export const DEFAULT_CALL_TIMEOUT_MS = 60_000;

/** The options with their defaults filled in. */
export interface McpSettings {
  readonly serverOf: McpServerLookup | undefined;
  readonly allowedCommands: readonly AllowedCommand[];
  readonly maxConnections: number;
  readonly idleMs: number;
  readonly connectTimeoutMs: number;
  readonly listCacheMs: number;
  readonly maxMessageBytes: number;
}

/** @throws ConfigurationError `invalid_configuration` for a server that is listed and could never be used */
export function toMcpSettings(options: McpOptions): McpSettings {
  const { servers, allowedCommands = [] } = options;
  if (typeof servers === "object")
    for (const [name, server] of Object.entries(servers)) requireUsable(name, server, allowedCommands);
  return {
    serverOf:
      typeof servers === "object" ? (name) => (Object.hasOwn(servers, name) ? servers[name] : undefined) : servers,
    allowedCommands,
    maxConnections: options.maxConnections ?? 32,
    idleMs: options.idleMs ?? 60_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
    listCacheMs: options.listCacheMs ?? 300_000,
    maxMessageBytes: options.maxMessageBytes ?? 16 * 1024 * 1024,
  };
}

/** @throws ConfigurationError `invalid_configuration` when the server may not be started or has no usable address */
export function requireUsable(name: string, server: McpServer, allowed: readonly AllowedCommand[]): void {
  if (server.type !== "stdio") {
    if (!isHttpUrl(server.url)) throw refuse(name, "its url is no http or https address.");
    return;
  }
  if (!isAbsolute(server.command)) throw refuse(name, "its command is no absolute path.");
  if (!allowed.some((entry) => isAllowed(server, entry)))
    throw refuse(name, "its command is not among the operator's allowedCommands with these arguments.");
}

function isAllowed({ command, arguments: given = [] }: StdioMcpServer, entry: AllowedCommand): boolean {
  if (typeof entry === "string") return entry === command;
  return entry.command === command && entry.arguments.every((argument, index) => given[index] === argument);
}

function isHttpUrl(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

function refuse(name: string, why: string): ConfigurationError {
  return new ConfigurationError("invalid_configuration", `The MCP server "${name}" cannot be used: ${why}`);
}
