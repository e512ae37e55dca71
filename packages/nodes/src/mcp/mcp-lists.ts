import { FatalNodeError } from "@automatrix/core";
import type { Prompt, Resource, Tool } from "@modelcontextprotocol/sdk/types.js";
import type { McpSdk } from "./load-mcp-sdk.js";
import type { McpCaller } from "./mcp-caller.js";

/** More entries than this in one list, and the server is not to be trusted with the memory. */
const MAX_ENTRIES = 2_000;
const MAX_PAGES = 100;
const LIST_TIMEOUT_MS = 30_000;

type Client = InstanceType<McpSdk["client"]["Client"]>;
type Clock = McpCaller["clock"];

interface Cached<Entry> {
  readonly entries: Promise<readonly Entry[]>;
  readonly until: number;
}

interface Lists {
  readonly tools: Tool;
  readonly resources: Resource;
  readonly prompts: Prompt;
}

/** What a server offers: read once, kept for a while, and read anew when the server says that it changed. */
export class McpLists {
  readonly #client: Client;
  readonly #sdk: McpSdk;
  readonly #keepMs: number;
  readonly #cached: { -readonly [Kind in keyof Lists]?: Cached<Lists[Kind]> | undefined } = {};

  constructor({ client, sdk, keepMs }: { readonly client: Client; readonly sdk: McpSdk; readonly keepMs: number }) {
    this.#client = client;
    this.#sdk = sdk;
    this.#keepMs = keepMs;
  }

  /** Listens for changes, once connected. */
  watch(): void {
    const { types } = this.#sdk;
    const forget = (kind: keyof Lists) => () => {
      this.#cached[kind] = undefined;
    };
    this.#client.setNotificationHandler(types.ToolListChangedNotificationSchema, forget("tools"));
    this.#client.setNotificationHandler(types.ResourceListChangedNotificationSchema, forget("resources"));
    this.#client.setNotificationHandler(types.PromptListChangedNotificationSchema, forget("prompts"));
  }

  tools(clock: Clock): Promise<readonly Tool[]> {
    return this.#list("tools", clock, async (cursor) => {
      const page = await this.#client.request(
        { method: "tools/list", params: cursor },
        this.#sdk.types.ListToolsResultSchema,
        { timeout: LIST_TIMEOUT_MS },
      );
      return { entries: page.tools, nextCursor: page.nextCursor };
    });
  }

  resources(clock: Clock): Promise<readonly Resource[]> {
    return this.#list("resources", clock, async (cursor) => {
      const page = await this.#client.listResources(cursor, { timeout: LIST_TIMEOUT_MS });
      return { entries: page.resources, nextCursor: page.nextCursor };
    });
  }

  prompts(clock: Clock): Promise<readonly Prompt[]> {
    return this.#list("prompts", clock, async (cursor) => {
      const page = await this.#client.listPrompts(cursor, { timeout: LIST_TIMEOUT_MS });
      return { entries: page.prompts, nextCursor: page.nextCursor };
    });
  }

  #list<Kind extends keyof Lists>(
    kind: Kind,
    clock: Clock,
    read: ReadPage<Lists[Kind]>,
  ): Promise<readonly Lists[Kind][]> {
    const known = this.#cached[kind];
    if (known !== undefined && known.until > clock.now()) return known.entries;
    const isOffered = this.#client.getServerCapabilities()?.[kind] !== undefined;
    const entries = isOffered ? readAll(kind, read) : Promise.resolve([]);
    const cached: Cached<Lists[Kind]> = { entries, until: clock.now() + this.#keepMs };
    const lists: Record<string, unknown> = this.#cached;
    lists[kind] = cached;
    entries.catch(() => {
      if (lists[kind] === cached) lists[kind] = undefined;
    });
    return entries;
  }
}

type ReadPage<Entry> = (cursor: { cursor: string } | undefined) => Promise<{
  readonly entries: readonly Entry[];
  readonly nextCursor?: string | undefined;
}>;

async function readAll<Entry>(kind: string, read: ReadPage<Entry>): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  let cursor: string | undefined;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const { entries, nextCursor } = await read(cursor === undefined ? undefined : { cursor });
    all.push(...entries);
    if (all.length > MAX_ENTRIES) break;
    if (nextCursor === undefined) return all;
    cursor = nextCursor;
  }
  throw new FatalNodeError(`The MCP server lists more than ${MAX_ENTRIES} ${kind}.`, { code: "mcp_tool_failed" });
}
