import type { RestOperation } from "../rest/rest-operation.js";

export const SALESFORCE_ACTIONS = ["query", "get", "describe", "create", "update", "upsert", "delete"] as const;
export type SalesforceAction = (typeof SALESFORCE_ACTIONS)[number];

export interface SalesforceRequest {
  readonly apiVersion: string;
  readonly object?: string | undefined;
  readonly id?: string | undefined;
  readonly externalIdField?: string | undefined;
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  readonly returnFields?: readonly string[] | undefined;
  readonly soql?: string | undefined;
}

const DATA = "/services/data/{apiVersion}";
const OBJECT = `${DATA}/sobjects/{object}`;

/** Salesforce's REST interface. */
export const SALESFORCE_OPERATIONS: Readonly<Record<SalesforceAction, RestOperation<SalesforceRequest>>> = {
  query: { method: "GET", path: `${DATA}/query`, query: ({ soql }) => ({ q: soql }) },
  get: { method: "GET", path: `${OBJECT}/{id}`, query: ({ returnFields }) => ({ fields: returnFields }) },
  describe: { method: "GET", path: `${OBJECT}/describe` },
  create: { method: "POST", path: OBJECT, effects: "once", body: ({ fields }) => fields ?? {} },
  update: { method: "PATCH", path: `${OBJECT}/{id}`, body: ({ fields }) => fields ?? {} },
  upsert: { method: "PATCH", path: `${OBJECT}/{externalIdField}/{id}`, body: ({ fields }) => fields ?? {} },
  delete: { method: "DELETE", path: `${OBJECT}/{id}` },
};

/** Where the next page of a query is. */
export const SALESFORCE_NEXT_PAGE: RestOperation<{ readonly apiVersion: string; readonly locator: string }> = {
  method: "GET",
  path: `${DATA}/query/{locator}`,
};
