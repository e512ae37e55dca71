import { FatalNodeError } from "@automatrix/core";

/**
 * Reads the body of an answer, and stops as soon as it is larger than allowed.
 * @throws FatalNodeError `service_refused`
 */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  const declared = Number(response.headers.get("content-length") ?? 0);
  if (declared > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(maxBytes);
  }
  if (response.body === null) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    size += part.byteLength;
    // Leaving the loop cancels the stream.
    if (size > maxBytes) throw tooLarge(maxBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function tooLarge(maxBytes: number): FatalNodeError {
  return new FatalNodeError(`The answer is larger than ${maxBytes} bytes; ask for less at once.`, {
    code: "service_refused",
  });
}
