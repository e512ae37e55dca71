import type { QueryValue, RestOperation } from "../rest/rest-operation.js";
import type { DmsOptions, DmsResource } from "./dms-options.js";

export const DMS_ACTIONS = ["list", "get", "create", "update"] as const;
export type DmsAction = (typeof DMS_ACTIONS)[number];

export interface DmsRequest {
  readonly resource: DmsResource;
  readonly id?: string | undefined;
  readonly filters?: Readonly<Record<string, QueryValue>> | undefined;
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  readonly pageSize?: number;
  readonly cursor?: string | undefined;
}

/** The operations of one resource. */
export function dmsOperations(
  resource: DmsResource,
  {
    paths = {},
    limitParameter = "limit",
    cursorParameter = "cursor",
    honoursIdempotencyKey = false,
  }: Partial<DmsOptions>,
): Readonly<Record<DmsAction, RestOperation<DmsRequest>>> {
  const path = `/${(paths[resource] ?? resource).replace(/^\/+|\/+$/g, "")}`;
  return {
    list: {
      method: "GET",
      path,
      query: ({ filters, pageSize, cursor }) => ({ ...filters, [limitParameter]: pageSize, [cursorParameter]: cursor }),
    },
    get: { method: "GET", path: `${path}/{id}` },
    create: {
      method: "POST",
      path,
      effects: honoursIdempotencyKey ? "idempotent" : "once",
      body: ({ body }) => body ?? {},
    },
    update: { method: "PATCH", path: `${path}/{id}`, body: ({ body }) => body ?? {} },
  };
}
