/** Parsed JSON; the text itself when a model wrote none. No text at all stands for no arguments. */
export function parseToolArguments(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
