import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { createCrmUpsert } from "./crm-upsert.js";
import { MemoryCrmStore } from "./memory-crm-store.js";

const contact = { entity: "contact", match: { email: "ada@example.com" } };

describe("crm_upsert", () => {
  it("makes a record, and changes it the next time", async () => {
    const store = new MemoryCrmStore();
    const node = createCrmUpsert(store);
    const first = await testNode(node)
      .parameters({ ...contact, properties: { name: "Ada", city: "Ulm" } })
      .run();
    const second = await testNode(node)
      .parameters({ ...contact, properties: { city: "Bonn" } })
      .run();
    expect([first.output, second.output]).toEqual([
      { id: "1", created: true },
      { id: "1", created: false },
    ]);
    expect(store.records).toMatchObject([{ id: "1", properties: { name: "Ada", city: "Bonn" } }]);
  });

  it("keeps tenants apart and is bounded", async () => {
    const store = new MemoryCrmStore({ maxRecords: 2 });
    const record = { ...contact, properties: {} };
    expect((await store.upsert(record, { tenant: "a" })).id).not.toBe((await store.upsert(record, { tenant: "b" })).id);
    await expect(store.upsert(record, { tenant: "c" })).rejects.toMatchObject({ code: "service_refused" });
  });

  it("says which option is missing", async () => {
    const result = await testNode(createCrmUpsert()).parameters(contact).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "not_configured" } });
  });
});
