import type pg from "pg";
import { toExactNumber } from "../row-values.js";

type Parse = (text: string) => unknown;

/** By type id; what is not here stays the text that Postgres wrote. */
const PARSERS: Readonly<Record<number, Parse>> = {
  16: (text) => text === "t",
  17: (text) => Buffer.from(text.slice(2), "hex").toString("base64"),
  20: toExactNumber,
  21: Number,
  23: Number,
  26: Number,
  114: (text) => JSON.parse(text) as unknown,
  700: toNumber,
  701: toNumber,
  1114: toIsoText,
  1184: toInstant,
  3802: (text) => JSON.parse(text) as unknown,
};
/** Type ids of lists, and of what is in them. */
const LIST_ELEMENTS: Readonly<Record<number, number>> = {
  199: 114,
  1000: 16,
  1001: 17,
  1005: 21,
  1007: 23,
  1009: 25,
  1014: 1042,
  1015: 1043,
  1016: 20,
  1021: 700,
  1022: 701,
  1028: 26,
  1115: 1114,
  1182: 1082,
  1185: 1184,
  1231: 1700,
  2951: 2950,
  3807: 3802,
};

/** Type parsers of `pg` that yield JSON, and lose neither digits nor days. */
export function createPostgresTypes(types: typeof pg.types): { getTypeParser(id: number): Parse } {
  // Exported by the driver, and absent from its type declarations.
  const { arrayParser } = types as unknown as {
    readonly arrayParser: { create(text: string, parse: Parse): { parse(): unknown } };
  };
  return {
    getTypeParser(id) {
      const element = LIST_ELEMENTS[id];
      if (element === undefined) return PARSERS[id] ?? toText;
      return (text) => arrayParser.create(text, PARSERS[element] ?? toText).parse();
    },
  };
}

function toText(text: string): string {
  return text;
}

function toNumber(text: string): number | string {
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

/** A date and time without a zone: ISO text without one. */
function toIsoText(text: string): string {
  return /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/.test(text) ? text.replace(" ", "T") : text;
}

/** An instant as ISO text in UTC, with all digits that Postgres gave. */
function toInstant(text: string): string {
  const [, day, time, fraction = "", sign, hours, minutes = "00"] =
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?$/.exec(text) ?? [];
  if (day === undefined) return text;
  const instant = new Date(`${day}T${time}${sign}${hours}:${minutes}`).toISOString();
  return `${instant.slice(0, 19)}${fraction === "" ? "" : fraction}Z`;
}
