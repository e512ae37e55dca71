import { describe, expect, it } from "vitest";
import { openStorageUrl } from "./storage-url.js";

describe("openStorageUrl", () => {
  it("opens memory", () => {
    expect(openStorageUrl("memory:").capabilities.durable).toBe(false);
  });

  it.each([
    ["sqlite:a.db", /@automatrix\/storage-sqlite/],
    ["postgres://localhost/a", /@automatrix\/storage-postgres/],
    ["postgresql://localhost/a", /@automatrix\/storage-postgres/],
    ["mysql://localhost/a", /"mysql:" is unknown/],
    ["", /is unknown/],
  ])("refuses %j and says why", (url, message) => {
    expect(() => openStorageUrl(url)).toThrow(message);
  });

  it.each(["mysql://me:secret@host/a", "me:secret@host", "postgres://me:secret@host/a"])(
    "keeps the password of %s out of the message",
    (url) => {
      expect(() => openStorageUrl(url)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining("secret") }),
      );
    },
  );
});
