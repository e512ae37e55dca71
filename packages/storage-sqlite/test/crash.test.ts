import { crashConformance } from "@automatrix/core/testing";
import { sqliteStorage } from "@automatrix/storage-sqlite";
import { describe, it } from "vitest";

describe("sqliteStorage in memory", () => {
  crashConformance({ createStorage: ({ clock }) => sqliteStorage({ file: ":memory:", clock }), describe, it });
});
