import { expect, it } from "vitest";
import { commandText } from "./command-text.js";

it("names the storage only where it is not the default one", () => {
  expect(commandText(["resume", "01a"], "sqlite:automatrix.db")).toBe("automatrix resume 01a");
  expect(commandText(["resume", "01a"], "sqlite:/tmp/x.db", ["n.mjs"])).toBe(
    "automatrix resume 01a --storage sqlite:/tmp/x.db --nodes n.mjs",
  );
});

it("leaves passwords out", () => {
  expect(commandText(["executions"], "postgres://me:secret@host/a")).not.toContain("secret");
});

it("quotes for a shell what a shell would take apart", () => {
  expect(commandText(["signal", "01a", "it's; rm -rf"], "sqlite:automatrix.db")).toBe(
    "automatrix signal 01a 'it'\\''s; rm -rf'",
  );
});
