import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TextMasker } from "./text-masker.js";

function maskerOf(...secrets: readonly string[]): TextMasker {
  const masker = new TextMasker();
  for (const secret of secrets) masker.add(secret);
  return masker;
}

/** Letters so few that secrets overlap, repeat and begin alike. */
const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 40 });

describe("a masker of texts", () => {
  it("masks exactly the places that secrets cover", () => {
    const secrets = fc.array(letters, { maxLength: 6 });
    fc.assert(
      fc.property(secrets, letters, (given, text) => {
        expect(maskerOf(...given).mask(text)).toBe(maskedByHand(given, text));
      }),
      { numRuns: 2_000 },
    );
  });

  it("gives the same text back when there is nothing to mask", () => {
    const text = "nothing in here";
    expect(maskerOf().mask(text)).toBe(text);
    expect(maskerOf("abc", "").mask("abc abc")).toBe("abc abc");
  });

  it("finds long secrets and pieces of them", () => {
    const secret = Array.from({ length: 2_000 }, (_, index) => index.toString(36)).join("");
    const masker = maskerOf(secret);
    expect(masker.mask(`<${secret}>`).replaceAll("*", "")).toBe("<>");
    expect(masker.mask(secret.slice(100, 1_500)).length).toBeLessThan(600);
  });

  it("knows each secret once", () => {
    const masker = maskerOf("secret-1", "secret-1", "secret-22");
    expect(masker.size).toBe("secret-1".length + "secret-22".length);
  });

  it("is not slowed down by secrets that begin alike or repeat themselves", () => {
    const masker = maskerOf("a".repeat(100_000), "a".repeat(50_000) + "b");
    for (let number = 0; number < 50_000; number++) masker.add(`aaaa-${number}`);
    expect(masker.mask(`aaaa-${49_999} ${"a".repeat(100_000)} x`)).toBe("*** *** x");
  });
});

function maskedByHand(secrets: readonly string[], text: string): string {
  const found = secrets
    .filter(({ length }) => length >= 4)
    .flatMap((secret) => placesOf(secret, text).map((start) => ({ start, end: start + secret.length })))
    .sort((a, b) => a.start - b.start);
  let result = "";
  let at = 0;
  for (let index = 0; index < found.length; ) {
    const { start } = found[index] as { start: number };
    let end = start;
    // The first counts whatever its length; the others as long as they overlap.
    while (index < found.length && ((found[index] as { start: number }).start < end || end === start)) {
      end = Math.max(end, (found[index] as { end: number }).end);
      index++;
    }
    result += `${text.slice(at, start)}***`;
    at = end;
  }
  return result + text.slice(at);
}

function placesOf(secret: string, text: string): readonly number[] {
  const places: number[] = [];
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) places.push(at);
  return places;
}
