import { expect, it } from "vitest";
import { tableText } from "./table-text.js";

it("puts the cells of a column below each other, without blanks at the end of lines", () => {
  expect(
    tableText([
      ["ID", "REMARK"],
      ["1", "waits"],
      ["12345", ""],
    ]),
  ).toBe("ID     REMARK\n1      waits\n12345");
});
