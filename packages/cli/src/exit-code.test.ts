import { ConfigurationError, StorageError } from "@automatrix/core";
import { expect, it } from "vitest";
import { EXIT_FAILED, EXIT_USAGE, exitCodeOf } from "./exit-code.js";

it("is 2 for a storage that cannot be, 1 for one that cannot be opened, whatever the reason", () => {
  const refused = new ConfigurationError("invalid_configuration", "no such database", {
    details: { sqlState: "3D000" },
  });
  expect(exitCodeOf(refused)).toBe(EXIT_FAILED);
  expect(exitCodeOf(new StorageError("storage_unavailable", "nobody answers"))).toBe(EXIT_FAILED);
  expect(exitCodeOf(new ConfigurationError("invalid_configuration", "no URL"))).toBe(EXIT_USAGE);
});
