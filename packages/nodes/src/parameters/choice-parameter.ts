import { z } from "@automatrix/core";

/**
 * Schema of a choice by name that forgives how the name is written: in any case, with or without blanks, `_` and `-`, or
 * by another name of `aliases`.
 */
export function choiceParameter<const Name extends string>(
  names: readonly Name[],
  aliases: Readonly<Record<string, Name>> = {},
) {
  const spellings = [...Object.entries(aliases), ...names.map((name) => [name, name] as const)];
  const known = new Map(spellings.map(([spelling, name]) => [toLetters(spelling), name]));
  return z.preprocess(
    (given: Name | (string & {})) => (typeof given === "string" ? (known.get(toLetters(given)) ?? given) : given),
    z.enum(names),
  );
}

function toLetters(text: string): string {
  return text.toLowerCase().replace(/[\s_-]/g, "");
}
