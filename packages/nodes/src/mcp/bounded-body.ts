export interface BoundedBodyParams {
  readonly maxBytes: number;
  /** True for a stream as long as the connection: the limit is that of one event, not of all of them. */
  readonly isEndless: boolean;
  /** Called once, however the body ended. */
  readonly onEnd: (end: { readonly isResumable: boolean }) => void;
}

/** The same body, which fails when it grows too large. `isResumable`: its events have ids to go on from. */
export function boundBody(body: ReadableStream<Uint8Array>, params: BoundedBodyParams): ReadableStream<Uint8Array> {
  const { maxBytes, isEndless, onEnd } = params;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let bytes = 0;
  let isResumable = false;
  const look = (chunk: Uint8Array): void => {
    const text = decoder.decode(chunk, { stream: true });
    isResumable ||= /(^|\n)id:/.test(text);
    bytes = isEndless && /\r?\n\r?\n/.test(text) ? 0 : bytes + chunk.byteLength;
  };
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          onEnd({ isResumable });
          return controller.close();
        }
        look(value);
        if (bytes > maxBytes) throw new Error(`The MCP server sent more than ${maxBytes} bytes at once.`);
        controller.enqueue(value);
      } catch (error) {
        void reader.cancel().catch(() => undefined);
        onEnd({ isResumable: isResumable && bytes <= maxBytes });
        controller.error(error);
      }
    },
    async cancel(reason) {
      onEnd({ isResumable });
      await reader.cancel(reason);
    },
  });
}
