import { describe, expect, it } from "vitest";
import { failureOf, runNode } from "../../../test/fake-context.js";
import { start } from "./start.js";

describe("start", () => {
  it("passes the input on", async () => {
    expect(await runNode(start, { input: { a: 1 } })).toEqual({ a: 1 });
  });

  it("checks the input by the schema, and lists every issue with its place", async () => {
    const schema = { type: "object", required: ["email"], properties: { age: { type: "integer", minimum: 0 } } };
    expect(await runNode(start, { parameters: { schema }, input: { email: "a@b", age: 3 } })).toEqual({
      email: "a@b",
      age: 3,
    });
    const failure = await failureOf(start, { parameters: { schema }, input: { age: -1 } });
    expect(failure).toMatchObject({ code: "invalid_input", name: "FatalNodeError" });
    expect(failure.details).toEqual({
      errors: [
        { path: "", keyword: "required", message: "must have required property 'email'" },
        { path: "/age", keyword: "minimum", message: "must be >= 0" },
      ],
    });
  });
});
