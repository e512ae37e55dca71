import type { RestOperation } from "../rest/rest-operation.js";

export const HUBSPOT_RESOURCES = ["contacts", "companies", "deals", "tickets"] as const;
export const HUBSPOT_ACTIONS = ["get", "list", "search", "create", "update", "upsert", "delete"] as const;

export type HubspotAction = (typeof HUBSPOT_ACTIONS)[number];

export interface HubspotRequest {
  readonly resource: (typeof HUBSPOT_RESOURCES)[number];
  readonly id?: string | undefined;
  readonly idProperty?: string | undefined;
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
  readonly returnProperties?: readonly string[] | undefined;
  readonly filters?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly query?: string | undefined;
  readonly sorts?: readonly Readonly<Record<string, unknown>>[] | undefined;
  readonly pageSize?: number;
  readonly cursor?: string | undefined;
}

const RESOURCE = "/crm/v3/objects/{resource}";

/** CRM objects, version 3 of HubSpot's interface. */
export const HUBSPOT_OPERATIONS: Readonly<Record<HubspotAction, RestOperation<HubspotRequest>>> = {
  get: {
    method: "GET",
    path: `${RESOURCE}/{id}`,
    query: ({ returnProperties, idProperty }) => ({ properties: returnProperties, idProperty }),
  },
  list: {
    method: "GET",
    path: RESOURCE,
    query: ({ returnProperties, pageSize, cursor }) => ({
      limit: pageSize,
      after: cursor,
      properties: returnProperties,
    }),
  },
  search: {
    method: "POST",
    path: `${RESOURCE}/search`,
    body: ({ filters, query, sorts, returnProperties, pageSize, cursor }) => ({
      filterGroups: filters === undefined || filters.length === 0 ? [] : [{ filters }],
      query,
      sorts,
      properties: returnProperties,
      limit: pageSize,
      after: cursor,
    }),
  },
  create: {
    method: "POST",
    path: RESOURCE,
    effects: "once",
    body: ({ properties }) => ({ properties: properties ?? {} }),
  },
  update: {
    method: "PATCH",
    path: `${RESOURCE}/{id}`,
    query: ({ idProperty }) => ({ idProperty }),
    body: ({ properties }) => ({ properties: properties ?? {} }),
  },
  upsert: {
    method: "POST",
    path: `${RESOURCE}/batch/upsert`,
    body: ({ id, idProperty, properties }) => ({ inputs: [{ id, idProperty, properties: properties ?? {} }] }),
  },
  delete: { method: "DELETE", path: `${RESOURCE}/{id}` },
};
