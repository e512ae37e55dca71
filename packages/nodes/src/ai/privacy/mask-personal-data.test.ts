import { describe, expect, it } from "vitest";
import { maskPersonalData } from "./mask-personal-data.js";

describe("masking", () => {
  it.each([
    ["Mail ada.l+x@mail.example.co.uk now", "Mail [email] now"],
    ["card 4111 1111 1111 1111, 4111111111111111", "card [card], [card]"],
    ["IBAN DE89 3704 0044 0532 0130 00", "IBAN [iban]"],
    ["call +49 30 901820 or (555) 123-4567", "call [phone] or [phone]"],
    ["ssn 078-05-1120", "ssn [ssn]"],
    ["from 192.168.1.20", "from [ip]"],
    ["key sk-proj-abcdefghijklmnop", "key [key]"],
    ["Authorization: Bearer abcdef123456", "Authorization: [key]"],
  ])("masks %s", (text, masked) => {
    expect(maskPersonalData(text)).toBe(masked);
  });

  it.each(["Order 12345 for 3 cars in 2025", "It costs 1,299.00 dollars", "version 1.2.3", "at 10:30 on 24.12."])(
    "leaves %s as it is",
    (text) => {
      expect(maskPersonalData(text)).toBe(text);
    },
  );

  it.each([
    "a@".repeat(20_000),
    "1 ".repeat(20_000),
    "a.".repeat(20_000),
    `DE12${" AAAA".repeat(10_000)}`,
    "+".repeat(40_000),
  ])("copes with hostile text (%#)", (text) => {
    expect(maskPersonalData(text)).toBeTypeOf("string");
  });
});
