import { expect, it } from "vitest";
import { failureOf } from "../../../test/fake-context.js";
import { fail } from "./fail.js";

it("fails with the message and code given, never to be retried", async () => {
  const failure = await failureOf(fail, { parameters: { message: "No stock.", code: "no_stock" } });
  expect(failure).toMatchObject({ name: "FatalNodeError", code: "no_stock", message: "No stock." });
  expect((await failureOf(fail, { parameters: { message: "x" } })).code).toBe("fatal");
});
