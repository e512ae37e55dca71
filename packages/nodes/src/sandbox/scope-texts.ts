import { FatalNodeError } from "@automatrix/core";
import type { ScopeTexts } from "./guest-protocol.js";
import { MAX_SCOPE_CHARACTERS } from "./sandbox-limits.js";

/**
 * The values that the code mentions, as JSON, and those of `always`. What it does not mention stays here: the results of
 * all nodes upstream can be large.
 * @throws FatalNodeError `invalid_input` when they are larger than {@link MAX_SCOPE_CHARACTERS}
 */
export function toScopeTexts(
  code: string,
  values: Readonly<Record<string, () => unknown>>,
  always: readonly string[] = [],
): ScopeTexts {
  const texts: Record<string, string> = {};
  let characters = 0;
  for (const [name, value] of Object.entries(values)) {
    if (!code.includes(name) && !always.includes(name)) continue;
    const text = JSON.stringify(value()) ?? "null";
    characters += text.length;
    if (characters > MAX_SCOPE_CHARACTERS) {
      throw new FatalNodeError(
        `The values that the code is given, up to "${name}", are larger than ${MAX_SCOPE_CHARACTERS} characters of JSON.`,
        { code: "invalid_input" },
      );
    }
    texts[name] = text;
  }
  return texts;
}
