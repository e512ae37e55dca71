import { describe, expect, it } from "vitest";
import { storageConformance } from "../testing/storage-conformance/storage-conformance.js";
import { memoryStorage } from "./memory-storage.js";

describe("memoryStorage", () => {
  const cases = storageConformance({ createStorage: ({ clock }) => memoryStorage({ clock }), describe, it });

  it("leaves no case out", () => {
    expect(cases.filter(({ skip }) => skip !== undefined)).toEqual([]);
  });
});
