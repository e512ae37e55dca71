import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddresses } from "./mail-address.js";

describe("parseAddresses", () => {
  it.each([
    ["ada@example.com", [{ address: "ada@example.com" }]],
    [" Ada Lovelace <ada@example.com> ", [{ address: "ada@example.com", name: "Ada Lovelace" }]],
    [
      '"Lovelace, \\"Ada\\"" <ada@example.com>, b@c.de,',
      [{ address: "ada@example.com", name: 'Lovelace, "Ada"' }, { address: "b@c.de" }],
    ],
    ["jürgen@bücher.example", [{ address: "jürgen@xn--bcher-kva.example" }]],
    ["a+b@x.de, A+B@X.de", [{ address: "a+b@x.de" }]],
    ["", []],
  ])("reads %j", (text, expected) => {
    expect(parseAddresses(text)).toEqual(expected);
  });

  it.each([
    "ada",
    "@example.com",
    "ada@",
    "a..b@x.de",
    "ada@x..de",
    "Ada <ada@x.de",
    "ada@x.de> <b@x.de>x",
    "a@b.de\0",
  ])("refuses %j", (text) => {
    expect(typeof parseAddresses(text)).toBe("string");
  });

  it("gives out nothing that could end a line or an address, whatever it is given", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const parsed = parseAddresses([text, { address: text, name: text }, `x <${text}>`, `${text} <a@b.de>`]);
        if (typeof parsed === "string") return;
        for (const { address, name = "" } of parsed) {
          expect(address).not.toMatch(/[\s<>,;:"()\\]/);
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
          expect(name).not.toMatch(/[\u0000-\u001f\u007f]/);
        }
      }),
    );
  });
});
