import { describe, expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { respondToWebhook } from "./respond-to-webhook.js";

const accepts = (parameters: object) => respondToWebhook.parameterSchema?.safeParse(parameters).success;

describe("respond_to_webhook", () => {
  it("answers what it is told", async () => {
    const parameters = { status: 201, headers: { "x-id": "7" }, body: { id: 7 } };
    expect(await runNode(respondToWebhook, { parameters, input: 1 })).toEqual(parameters);
  });

  it("answers 200 with the input, unless told otherwise", async () => {
    expect(await runNode(respondToWebhook, { input: { a: 1 } })).toEqual({ status: 200, headers: {}, body: { a: 1 } });
  });

  it("answers null where null is the body", async () => {
    expect(await runNode(respondToWebhook, { parameters: { body: null }, input: 1 })).toMatchObject({ body: null });
  });

  it.each([199, 600, 200.5])("refuses the status %d", (status) => {
    expect(accepts({ status })).toBe(false);
  });

  it.each(["a\r\nset-cookie: b", "a\u0000", "\u007f"])(
    "refuses the header value %j, which would forge others",
    (value) => {
      expect(accepts({ headers: { "x-note": value } })).toBe(false);
    },
  );

  it.each(["", "a b", "a:", "a\r\nb"])("refuses the header name %j", (name) => {
    expect(accepts({ headers: { [name]: "v" } })).toBe(false);
  });

  it("takes tabs and other scripts in header values", () => {
    expect(accepts({ headers: { "x-note": "a\tü" } })).toBe(true);
  });
});
