import { describe, expect, it } from "vitest";
import { decodeIfText, decodeText, isJsonType, isTextType, mediaTypeOf } from "./decode-body.js";
import { maskSecrets } from "./mask-secrets.js";
import { toHeaders } from "./request-headers.js";
import { parseRetryAfter } from "./retry-after.js";

describe("parseRetryAfter", () => {
  const now = Date.UTC(2025, 0, 1);

  it.each([
    ["120", 120_000],
    [" 0 ", 0],
    ["Wed, 01 Jan 2025 00:00:30 GMT", 30_000],
    ["Tue, 31 Dec 2024 00:00:00 GMT", 0],
    ["soon", undefined],
    ["-1", undefined],
    ["1.5", 1_500],
    ["", undefined],
    [null, undefined],
  ])("reads %j", (header, expected) => {
    expect(parseRetryAfter(header, now)).toBe(expected);
  });
});

describe("maskSecrets", () => {
  it("covers secrets, also as JSON and URLs spell them, the longer ones first", () => {
    const secrets = ['pass"word', "pass", "key+key"];
    expect(maskSecrets('a pass"word, {"p": "pass\\"word"}, pass, k=key%2Bkey', secrets)).toBe(
      'a ***, {"p": "***"}, ***, k=***',
    );
  });

  it("leaves very short texts alone, which stand in everything", () => {
    expect(maskSecrets("abcabc", ["abc", ""])).toBe("abcabc");
  });

  it("takes half a surrogate pair", () => {
    expect(maskSecrets("x", ["\ud800secret"])).toBe("x");
  });
});

describe("the text of a body", () => {
  it.each([
    [Buffer.from([0xe9]), "text/plain; charset=iso-8859-1", "é"],
    [Buffer.from([0xe9]), 'text/plain;charset="windows-1252"', "é"],
    [Buffer.from("é"), "text/plain", "é"],
    [Buffer.from("\ufeffé"), "text/plain", "é"],
    [Buffer.from("\ufeffé", "utf16le"), "application/json", "é"],
    [Buffer.from([0xff]), null, "\ufffd"],
  ])("is decoded: %#", (bytes, contentType, expected) => {
    expect(decodeText(bytes, contentType)).toBe(expected);
  });

  it("is refused in a character set that nobody knows", () => {
    expect(() => decodeText(Buffer.from("a"), "text/plain; charset=klingon")).toThrow(
      expect.objectContaining({ code: "invalid_response" }),
    );
  });

  it("is told from bytes that are none", () => {
    expect(decodeIfText(Buffer.from("é"))).toBe("é");
    expect(decodeIfText(Buffer.from([0xff, 0xfe, 0]))).toBeUndefined();
    expect(decodeIfText(Buffer.from([0, 1]))).toBeUndefined();
  });

  it("is told by its media type", () => {
    expect(mediaTypeOf("Application/JSON ; charset=utf-8")).toBe("application/json");
    expect(["application/json", "text/json", "application/problem+json"].every(isJsonType)).toBe(true);
    expect(["application/jsonp", "text/html", ""].some(isJsonType)).toBe(false);
    expect(["text/html", "image/svg+xml", "application/xml", "application/x-ndjson"].every(isTextType)).toBe(true);
    expect(["application/pdf", "image/png", "application/zip", ""].some(isTextType)).toBe(false);
  });
});

describe("toHeaders", () => {
  it.each([
    [{ "Content-Length": "5" }, "Content-Length"],
    [{ "transfer-encoding": "chunked" }, "transfer-encoding"],
    [{ "x-a": "b\r\nx-c: secret" }, "x-a"],
    [{ "bad name": "secret" }, "bad name"],
  ])("refuses %j by name, without its value", (headers, name) => {
    expect(() => toHeaders(headers)).toThrow(
      expect.objectContaining({
        code: "invalid_input",
        message: expect.stringMatching(new RegExp(`^(?!.*secret).*${name}`, "s")),
      }),
    );
  });

  it("takes texts, numbers and booleans", () => {
    expect([...toHeaders({ "x-a": 1, "x-b": true, "x-c": "é" })]).toEqual([
      ["x-a", "1"],
      ["x-b", "true"],
      ["x-c", "é"],
    ]);
  });
});
