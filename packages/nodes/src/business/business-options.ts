import type { CrmStore } from "./crm-upsert/crm-store.js";
import type { DmsOptions } from "./dms-request/dms-options.js";

/** What an operator may set for the nodes that speak with business systems. */
export interface BusinessOptions {
  /** The dealer management system that `dms_request` calls. */
  readonly dms?: DmsOptions;
  /** Where `crm_upsert` keeps records. */
  readonly crmStore?: CrmStore;
}
