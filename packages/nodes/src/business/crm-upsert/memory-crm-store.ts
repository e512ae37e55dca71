import { FatalNodeError } from "@automatrix/core";
import { canonicalJson } from "../../json/canonical-json.js";
import type { CrmCall, CrmRecord, CrmStore, CrmUpsert } from "./crm-store.js";

const DEFAULT_MAX_RECORDS = 10_000;

export interface StoredCrmRecord extends CrmRecord {
  readonly id: string;
  readonly tenant: string | null;
}

/** A store in memory, for tests and for trying things out. */
export class MemoryCrmStore implements CrmStore {
  readonly #records = new Map<string, StoredCrmRecord>();
  readonly #maxRecords: number;

  constructor({ maxRecords = DEFAULT_MAX_RECORDS }: { readonly maxRecords?: number } = {}) {
    this.#maxRecords = maxRecords;
  }

  get records(): readonly StoredCrmRecord[] {
    return [...this.#records.values()];
  }

  async upsert({ entity, match, properties }: CrmRecord, { tenant }: Pick<CrmCall, "tenant">): Promise<CrmUpsert> {
    const key = canonicalJson({ tenant, entity, match });
    const known = this.#records.get(key);
    if (known === undefined && this.#records.size >= this.#maxRecords) {
      throw new FatalNodeError(`The CRM in memory is full: it holds at most ${this.#maxRecords} records.`, {
        code: "service_refused",
      });
    }
    const id = known?.id ?? String(this.#records.size + 1);
    const merged = { ...known?.properties, ...properties };
    this.#records.set(key, { id, tenant, entity, match, properties: merged });
    return { id, created: known === undefined };
  }
}
