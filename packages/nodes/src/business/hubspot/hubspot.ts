import { defineNode, FatalNodeError, type NodeContext, z } from "@automatrix/core";
import { findSecret } from "../../http/credential-field.js";
import { isJsonObject } from "../../json/json-kind.js";
import { collectPages, type Page } from "../rest/collect-pages.js";
import { verifyRefusal } from "../rest/once-call.js";
import { prepareRequest, type RestConnection, sendRequest } from "../rest/rest-operation.js";
import { runOperation } from "../rest/run-operation.js";
import { type ServiceAnswer, unknownOutcome } from "../rest/service-call.js";
import { HUBSPOT_ACTIONS, HUBSPOT_OPERATIONS, HUBSPOT_RESOURCES } from "./hubspot-operations.js";

const DEFAULT_CREDENTIAL = "hubspot";
const DEFAULT_BASE_URL = "https://api.hubapi.com";
const MAX_PAGE_SIZE = 100;
const MAX_ITEMS = 10_000;

const parameters = () =>
  z
    .object({
      resource: z.enum(HUBSPOT_RESOURCES).describe("Kind of record."),
      operation: z.enum(HUBSPOT_ACTIONS).describe("What to do."),
      id: z.coerce
        .string()
        .min(1)
        .optional()
        .describe("Record to get, update or delete; with upsert the value of `idProperty`."),
      idProperty: z
        .string()
        .regex(/^[A-Za-z0-9_]{1,100}$/)
        .optional()
        .describe("Unique property that `id` is a value of, such as email; HubSpot's own id when left out."),
      properties: z.record(z.string(), z.unknown()).optional().describe("Values to write, by property."),
      returnProperties: z.array(z.string().min(1)).max(500).optional().describe("Properties to read."),
      filters: z
        .array(z.object({ propertyName: z.string().min(1), operator: z.string().min(1) }).loose())
        .max(6)
        .optional()
        .describe("Conditions of a search that must all hold: { propertyName, operator, value }."),
      query: z.string().max(3_000).optional().describe("Words to search for."),
      sorts: z.array(z.record(z.string(), z.unknown())).max(1).optional().describe("Order of a search."),
      limit: z.number().int().min(1).max(MAX_ITEMS).default(100).describe("Most records to list or find."),
      cursor: z.string().min(1).optional().describe("`nextCursor` of an earlier list or search, to go on from there."),
      credential: z
        .string()
        .min(1)
        .default(DEFAULT_CREDENTIAL)
        .describe("Credential with `accessToken` of a private app."),
    })
    .refine(({ operation, id }) => ["list", "search", "create"].includes(operation) || id !== undefined, {
      error: "This operation needs an `id`.",
      path: ["id"],
    })
    .refine(({ operation, idProperty }) => operation !== "upsert" || idProperty !== undefined, {
      error: "An upsert needs the unique property that `id` is a value of.",
      path: ["idProperty"],
    });

type HubspotParameters = z.output<ReturnType<typeof parameters>>;

/** Reads and writes contacts, companies, deals and tickets in HubSpot. */
export const hubspot = defineNode({
  type: "hubspot",
  label: "HubSpot",
  description:
    "Gets, lists, searches, creates, updates, upserts and deletes contacts, companies, deals and tickets in HubSpot.",
  category: "business",
  effects: (given: HubspotParameters) => HUBSPOT_OPERATIONS[given.operation]?.effects ?? "idempotent",
  permissions: ["net", "credentials"],
  credentials: [DEFAULT_CREDENTIAL],
  parameters,
  example: {
    parameters: {
      resource: "contacts",
      operation: "upsert",
      id: "ada@example.com",
      idProperty: "email",
      properties: { firstname: "Ada" },
    },
  },
  execute(ctx) {
    const { operation } = ctx.parameters;
    const connect = () => connectTo(ctx);
    if (operation === "list" || operation === "search") return readPages(ctx, operation);
    return runOperation(ctx, {
      operation: HUBSPOT_OPERATIONS[operation],
      parameters: ctx.parameters,
      connect,
      read: (answer) => readRecord(ctx.parameters, answer),
    });
  },
  verify: verifyRefusal,
});

async function readPages(ctx: NodeContext<HubspotParameters>, action: "list" | "search"): Promise<Page> {
  const connection = await connectTo(ctx);
  const { limit, cursor } = ctx.parameters;
  return collectPages({
    limit,
    cursor,
    maxPageSize: MAX_PAGE_SIZE,
    async fetchPage(pageSize, from) {
      const request = prepareRequest(HUBSPOT_OPERATIONS[action], { ...ctx.parameters, pageSize, cursor: from });
      return toPage((await sendRequest(ctx, connection, request)).body);
    },
  });
}

async function connectTo(ctx: NodeContext<HubspotParameters>): Promise<RestConnection> {
  const name = ctx.parameters.credential;
  const credential = await ctx.credentials(name);
  const parsed = z
    .object({ accessToken: z.string().min(1), baseUrl: z.url({ protocol: /^https?$/ }).default(DEFAULT_BASE_URL) })
    .safeParse({ ...credential, accessToken: findSecret(credential, "accessToken") });
  if (!parsed.success) {
    throw new FatalNodeError(`The credential "${name}" needs a field "accessToken" for HubSpot.`, {
      code: "not_configured",
    });
  }
  const { accessToken, baseUrl } = parsed.data;
  return { service: "HubSpot", baseUrl, headers: { authorization: `Bearer ${accessToken}` } };
}

function toPage(body: unknown): Page {
  if (!isJsonObject(body) || !Array.isArray(body["results"])) {
    throw new FatalNodeError("HubSpot gave an answer without results.", { code: "service_refused" });
  }
  const { results, total, paging } = body;
  const next = isJsonObject(paging) && isJsonObject(paging["next"]) ? paging["next"]["after"] : undefined;
  return {
    items: results as readonly unknown[],
    ...(typeof next === "string" || typeof next === "number" ? { nextCursor: String(next) } : {}),
    ...(typeof total === "number" ? { total } : {}),
  };
}

function readRecord({ operation, id }: HubspotParameters, { body }: ServiceAnswer): unknown {
  if (operation === "delete") return { id, deleted: true };
  if (operation === "upsert") return readUpserted(body);
  if (isJsonObject(body) && typeof body["id"] === "string") return body;
  if (operation === "create") throw unknownOutcome("HubSpot", "gave an answer without the id of the record");
  throw new FatalNodeError("HubSpot gave an answer without a record.", { code: "service_refused" });
}

/** A batch of one: refused when its one result is missing. */
function readUpserted(body: unknown): unknown {
  const results = isJsonObject(body) && Array.isArray(body["results"]) ? body["results"] : [];
  if (isJsonObject(results[0])) return { ...results[0], created: results[0]["new"] === true };
  throw new FatalNodeError("HubSpot refused the record of the upsert; check its properties.", {
    code: "service_refused",
  });
}
