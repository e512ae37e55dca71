import { defineNode, FatalNodeError, type NodeContext, type NodeType, z } from "@automatrix/core";
import { isJsonObject } from "../../json/json-kind.js";
import { collectPages, type Page } from "../rest/collect-pages.js";
import { verifyRefusal } from "../rest/once-call.js";
import { prepareRequest, type RestConnection, sendRequest } from "../rest/rest-operation.js";
import { runOperation } from "../rest/run-operation.js";
import { DMS_ACTIONS, dmsOperations } from "./dms-operations.js";
import { DMS_RESOURCES, type DmsOptions } from "./dms-options.js";

const DEFAULT_CREDENTIAL = "dms";
const DEFAULT_API_KEY_HEADER = "x-api-key";
const DEFAULT_PAGE_SIZE = 100;
const MAX_ITEMS = 10_000;
/** Where systems put the items of a list. */
const ITEM_FIELDS = ["items", "data", "results"] as const;
const CURSOR_FIELDS = ["nextCursor", "next_cursor", "cursor"] as const;

const parameters = () =>
  z
    .object({
      resource: z.enum(DMS_RESOURCES).describe("Kind of record."),
      operation: z.enum(DMS_ACTIONS).describe("What to do."),
      id: z.coerce.string().min(1).optional().describe("Record to get or update."),
      filters: z
        .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
        .optional()
        .describe("Query parameters that narrow a list."),
      body: z.record(z.string(), z.unknown()).optional().describe("Record to create, or values to update."),
      limit: z.number().int().min(1).max(MAX_ITEMS).default(100).describe("Most records to list."),
      cursor: z.string().min(1).optional().describe("`nextCursor` of an earlier list, to go on from there."),
    })
    .refine(({ operation, id }) => operation === "list" || operation === "create" || id !== undefined, {
      error: "This operation needs an `id`.",
      path: ["id"],
    });

type DmsParameters = z.output<ReturnType<typeof parameters>>;

/** Reads and writes vehicles, customers, deals and appointments of a dealer management system. */
export function createDmsRequest(options?: DmsOptions): NodeType {
  const credential = options?.credential ?? DEFAULT_CREDENTIAL;
  return defineNode({
    type: "dms_request",
    label: "Dealer management system",
    description:
      "Lists, gets, creates and updates vehicles, customers, deals and appointments in the dealer management system.",
    category: "business",
    effects: (given: DmsParameters) =>
      dmsOperations(given.resource, options ?? {})[given.operation]?.effects ?? "idempotent",
    permissions: ["net", "credentials"],
    credentials: [credential],
    parameters,
    example: { parameters: { resource: "vehicles", operation: "list", filters: { status: "in_stock" } } },
    execute(ctx) {
      const given = ctx.parameters;
      const operation = dmsOperations(given.resource, options ?? {})[given.operation];
      const connect = () => connectTo(ctx, options, credential);
      if (given.operation === "list") return readList(ctx, connect, options);
      return runOperation(ctx, { operation, parameters: given, connect, read: ({ body }) => body });
    },
    verify: verifyRefusal,
  });
}

async function readList(
  ctx: NodeContext<DmsParameters>,
  connect: () => Promise<RestConnection>,
  options: DmsOptions | undefined,
): Promise<Page> {
  const connection = await connect();
  const { resource, limit, cursor } = ctx.parameters;
  const { list } = dmsOperations(resource, options ?? {});
  return collectPages({
    limit,
    cursor,
    maxPageSize: options?.maxPageSize ?? DEFAULT_PAGE_SIZE,
    async fetchPage(pageSize, from) {
      const request = prepareRequest(list, { ...ctx.parameters, pageSize, cursor: from });
      return toPage((await sendRequest(ctx, connection, request)).body);
    },
  });
}

async function connectTo(
  ctx: NodeContext<unknown>,
  options: DmsOptions | undefined,
  credential: string,
): Promise<RestConnection> {
  if (options === undefined) {
    throw new FatalNodeError("No dealer management system is set up: give the option `dms` with its `baseUrl`.", {
      code: "not_configured",
    });
  }
  const headers = { ...options.headers, ...signIn(await ctx.credentials(credential), credential, options) };
  return { service: "The dealer management system", baseUrl: options.baseUrl, headers };
}

function signIn(
  given: Readonly<Record<string, unknown>>,
  name: string,
  { apiKeyHeader }: DmsOptions,
): Readonly<Record<string, string>> {
  const { token, apiKey, username, password, value } = given;
  if (typeof token === "string") return { authorization: `Bearer ${token}` };
  if (typeof apiKey === "string") return { [apiKeyHeader ?? DEFAULT_API_KEY_HEADER]: apiKey };
  if (typeof username === "string" && typeof password === "string") {
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
  }
  // A credential that is a plain text: a key where the operator named a header for it.
  if (typeof value === "string") {
    return apiKeyHeader === undefined ? { authorization: `Bearer ${value}` } : { [apiKeyHeader]: value };
  }
  throw new FatalNodeError(`The credential "${name}" needs "token", "apiKey", or "username" and "password".`, {
    code: "not_configured",
  });
}

function toPage(body: unknown): Page {
  if (Array.isArray(body)) return { items: body };
  const given = isJsonObject(body) ? body : {};
  const items = ITEM_FIELDS.map((field) => given[field]).find(Array.isArray);
  if (items === undefined) {
    throw new FatalNodeError("The dealer management system gave an answer without a list.", {
      code: "service_refused",
    });
  }
  const cursor = CURSOR_FIELDS.map((field) => given[field]).find((value) => typeof value === "string" && value !== "");
  return {
    items,
    ...(cursor === undefined ? {} : { nextCursor: cursor as string }),
    ...(typeof given["total"] === "number" ? { total: given["total"] } : {}),
  };
}
