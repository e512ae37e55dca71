import { FatalNodeError, z } from "@automatrix/core";

const MAX_URL_LENGTH = 65_536;
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_TIMEOUT_MS = 3_600_000;
const DEFAULT_MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

const scalar = () => z.union([z.string(), z.number(), z.boolean()]);

export function urlParameter(description: string) {
  return z.string().min(1).max(MAX_URL_LENGTH).describe(description);
}

export function headersParameter() {
  return z
    .record(z.string(), scalar())
    .optional()
    .describe("Further headers by name. Secrets belong into a credential, see auth.");
}

export function queryParameter() {
  const value = z.union([scalar(), z.null(), z.array(scalar())]);
  return z
    .record(z.string(), value)
    .optional()
    .describe("Parameters added to the query of the URL; a list gives one several times, null leaves it out.");
}

export function timeoutParameter() {
  return z
    .int()
    .min(1)
    .max(MAX_TIMEOUT_MS)
    .default(DEFAULT_TIMEOUT_MS)
    .describe("Longest time for a request with all of its answer, in milliseconds.");
}

export function maxResponseBytesParameter() {
  return z
    .int()
    .min(1)
    .default(DEFAULT_MAX_RESPONSE_BYTES)
    .describe(
      "Largest answer once it is decompressed, all pages together, in bytes; the engine has a limit of its own.",
    );
}

/** The URL with its query. @throws FatalNodeError `invalid_url` */
export function toUrl(text: string, query: z.output<ReturnType<typeof queryParameter>> = {}): URL {
  if (!URL.canParse(text)) {
    throw new FatalNodeError("The parameter url is no URL; give a whole one such as https://example.com/path.", {
      code: "invalid_url",
    });
  }
  const url = new URL(text);
  for (const [name, value] of Object.entries(query)) {
    for (const single of Array.isArray(value) ? value : [value])
      if (single !== null) url.searchParams.append(name, String(single));
  }
  return url;
}
