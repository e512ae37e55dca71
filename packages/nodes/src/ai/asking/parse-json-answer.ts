const FENCED = /```(?:json)?[ \t]*\r?\n([\s\S]*?)\r?\n?[ \t]*```/;

/** The JSON value that a model's text is, with or without a code fence around it; undefined when it is none. */
export function parseJsonAnswer(text: string): unknown {
  const trimmed = text.trim();
  return parse(trimmed) ?? parse(FENCED.exec(trimmed)?.[1] ?? "");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
