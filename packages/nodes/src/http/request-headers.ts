import { FatalNodeError } from "@automatrix/core";

/** They shape the message itself, so that only what sends it may set them. */
const RESERVED = new Set([
  "connection",
  "content-length",
  "expect",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Headers as the parameters give them. @throws FatalNodeError `invalid_input` naming the header, never its value */
export function toHeaders(given: Readonly<Record<string, string | number | boolean>> = {}): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    if (RESERVED.has(name.trim().toLowerCase())) throw unusable(name, "it is set by the connection itself");
    try {
      headers.set(name, String(value));
    } catch {
      throw unusable(name, "its name or value holds characters that no header can carry");
    }
  }
  return headers;
}

function unusable(name: string, reason: string): FatalNodeError {
  return new FatalNodeError(`The header "${name.slice(0, 100)}" cannot be sent: ${reason}.`, {
    code: "invalid_input",
    details: { header: name.slice(0, 100) },
  });
}
