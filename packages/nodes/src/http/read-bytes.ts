import { FatalNodeError } from "@automatrix/core";

/** How much may still be read; shared by the pages of one node. */
export interface ByteBudget {
  readonly maxBytes: number;
  usedBytes: number;
}

/** The chunks of a body as they come, counted against the budget. @throws FatalNodeError `response_too_large` */
export async function* readChunks(response: Response, budget: ByteBudget): AsyncGenerator<Uint8Array, void, undefined> {
  const announced = Number(response.headers.get("content-length") ?? 0);
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    if (budget.usedBytes + announced > budget.maxBytes) throw tooLarge(budget);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      budget.usedBytes += value.byteLength;
      if (budget.usedBytes > budget.maxBytes) throw tooLarge(budget);
      yield value;
    }
  } finally {
    // Frees the connection when the reader stopped early; a body read to its end takes no notice.
    await reader.cancel().catch(() => undefined);
  }
}

/** The whole body. @throws FatalNodeError `response_too_large` */
export async function readBytes(response: Response, budget: ByteBudget): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(response, budget)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** As much of a body as is there, up to so many bytes; what is beyond is not fetched. Never throws. */
export async function readBeginning(response: Response, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of readChunks(response, { maxBytes: Number.POSITIVE_INFINITY, usedBytes: 0 })) {
      chunks.push(chunk);
      bytes += chunk.byteLength;
      if (bytes >= maxBytes) break;
    }
  } catch {
    // What came before the body broke off says enough.
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

function tooLarge({ maxBytes }: ByteBudget): FatalNodeError {
  return new FatalNodeError(`The answer is larger than maxResponseBytes (${maxBytes}); ask for less, or raise it.`, {
    code: "response_too_large",
    details: { maxBytes },
  });
}
