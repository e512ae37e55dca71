import type { NodeType } from "@automatrix/core";
import type { BusinessOptions } from "./business-options.js";
import { createCrmUpsert } from "./crm-upsert/crm-upsert.js";
import { createDmsRequest } from "./dms-request/dms-request.js";
import { hubspot } from "./hubspot/hubspot.js";
import { createOpenapiRequest } from "./openapi-request/openapi-request.js";
import { createSalesforce } from "./salesforce/salesforce.js";

/** Nodes that speak with CRMs, dealer management systems, and whatever has an OpenAPI document. */
export function createBusinessNodes(options: BusinessOptions = {}): readonly NodeType[] {
  return Object.freeze([
    hubspot,
    createSalesforce(),
    createDmsRequest(options.dms),
    createCrmUpsert(options.crmStore),
    createOpenapiRequest(),
  ]);
}
