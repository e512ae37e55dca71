import { defineNode, FatalNodeError, type NodeContext, type NodeType, z } from "@automatrix/core";
import { isJsonObject } from "../../json/json-kind.js";
import { collectPages, type Page } from "../rest/collect-pages.js";
import { verifyRefusal } from "../rest/once-call.js";
import { prepareRequest, sendRequest } from "../rest/rest-operation.js";
import { runOperation } from "../rest/run-operation.js";
import { type ServiceAnswer, unknownOutcome } from "../rest/service-call.js";
import { bindSoql } from "./bind-soql.js";
import { SALESFORCE_ACTIONS, SALESFORCE_NEXT_PAGE, SALESFORCE_OPERATIONS } from "./salesforce-operations.js";
import { SalesforceSessions } from "./salesforce-session.js";

const DEFAULT_CREDENTIAL = "salesforce";
const DEFAULT_API_VERSION = "v62.0";
const MAX_RECORDS = 50_000;
/** Salesforce decides the size itself; up to this. */
const MAX_PAGE_SIZE = 2_000;
const NAME = /^[A-Za-z]\w{0,79}$/;

const parameters = () =>
  z
    .object({
      operation: z.enum(SALESFORCE_ACTIONS).describe("What to do."),
      object: z.string().regex(NAME).optional().describe("Kind of record by its API name, such as Contact or Car__c."),
      id: z.coerce
        .string()
        .min(1)
        .optional()
        .describe("Record to get, update or delete; with upsert the value of `externalIdField`."),
      externalIdField: z.string().regex(NAME).optional().describe("Field that tells records apart in an upsert."),
      fields: z.record(z.string(), z.unknown()).optional().describe("Values to write, by field."),
      returnFields: z
        .array(z.string().regex(/^[A-Za-z][\w.]{0,200}$/))
        .max(500)
        .optional()
        .describe("Fields to read."),
      soql: z
        .string()
        .min(1)
        .max(100_000)
        .optional()
        .describe("Query; values belong into `bindings`, named in the query as :name."),
      bindings: z
        .record(z.string(), z.unknown())
        .default({})
        .describe("Values of the query by name: text, numbers, booleans, null, lists, { date }, { dateTime }."),
      limit: z.number().int().min(1).max(MAX_RECORDS).default(2_000).describe("Most records that a query reads."),
      apiVersion: z
        .string()
        .regex(/^v\d{2,3}\.\d$/)
        .default(DEFAULT_API_VERSION)
        .describe("Version of Salesforce's interface."),
      credential: z
        .string()
        .min(1)
        .default(DEFAULT_CREDENTIAL)
        .describe(
          "Credential with `clientId` and `clientSecret` or `refreshToken`, and `loginUrl` where it is your own.",
        ),
    })
    .superRefine((given, check) => {
      for (const name of neededBy(given.operation)) {
        if (given[name] === undefined)
          check.addIssue({ code: "custom", path: [name], message: `The operation "${given.operation}" needs it.` });
      }
    });

type SalesforceParameters = z.output<ReturnType<typeof parameters>>;

function neededBy(operation: string): readonly ("soql" | "object" | "id" | "externalIdField")[] {
  if (operation === "query") return ["soql"];
  if (operation === "create" || operation === "describe") return ["object"];
  return operation === "upsert" ? ["object", "externalIdField", "id"] : ["object", "id"];
}

/** Reads and writes records in Salesforce. */
export function createSalesforce(): NodeType {
  const sessions = new SalesforceSessions();
  return defineNode({
    type: "salesforce",
    label: "Salesforce",
    description: "Queries records with SOQL, and gets, creates, updates, upserts and deletes them in Salesforce.",
    category: "business",
    effects: (given: SalesforceParameters) => SALESFORCE_OPERATIONS[given.operation]?.effects ?? "idempotent",
    permissions: ["net", "credentials"],
    credentials: [DEFAULT_CREDENTIAL],
    parameters,
    example: {
      parameters: {
        operation: "query",
        soql: "SELECT Id, Name FROM Contact WHERE Email = :email",
        bindings: { email: "ada@example.com" },
      },
    },
    async execute(ctx) {
      const given = ctx.parameters;
      const connect = async () => sessions.connect(ctx, await ctx.credentials(given.credential), given.credential);
      if (given.operation === "query") return readRecords(ctx, connect);
      return runOperation(ctx, {
        operation: SALESFORCE_OPERATIONS[given.operation],
        parameters: given,
        connect,
        read: (answer) => readAnswer(given, answer),
      });
    },
    verify: verifyRefusal,
  });
}

async function readRecords(
  ctx: NodeContext<SalesforceParameters>,
  connect: () => ReturnType<SalesforceSessions["connect"]>,
): Promise<Page> {
  const { soql = "", bindings, limit, apiVersion } = ctx.parameters;
  const first = prepareRequest(SALESFORCE_OPERATIONS.query, { apiVersion, soql: bindSoql(soql, bindings) });
  const connection = await connect();
  const { items, ...rest } = await collectPages({
    limit,
    maxPageSize: MAX_PAGE_SIZE,
    async fetchPage(_, locator) {
      const next = locator === undefined ? first : prepareRequest(SALESFORCE_NEXT_PAGE, { apiVersion, locator });
      return toPage((await sendRequest(ctx, connection, next)).body);
    },
  });
  return { items: items.slice(0, limit), ...(rest.total === undefined ? {} : { total: rest.total }) };
}

function toPage(body: unknown): Page {
  if (!isJsonObject(body) || !Array.isArray(body["records"])) {
    throw new FatalNodeError("Salesforce gave an answer without records.", { code: "service_refused" });
  }
  const { records, totalSize, nextRecordsUrl } = body;
  const locator = typeof nextRecordsUrl === "string" ? /\/query\/([\w-]{1,200})$/.exec(nextRecordsUrl)?.[1] : undefined;
  return {
    items: records as readonly unknown[],
    ...(locator === undefined ? {} : { nextCursor: locator }),
    ...(typeof totalSize === "number" ? { total: totalSize } : {}),
  };
}

function readAnswer({ operation, id }: SalesforceParameters, { status, body }: ServiceAnswer): unknown {
  if (operation === "get" || operation === "describe") return body;
  if (operation === "delete") return { id, deleted: true };
  if (operation === "update") return { id, updated: true };
  const record = isJsonObject(body) && typeof body["id"] === "string" ? body["id"] : undefined;
  if (operation === "upsert") return { id: record ?? null, created: status === 201 };
  if (record === undefined) throw unknownOutcome("Salesforce", "gave an answer without the id of the record");
  return { id: record, created: true };
}
