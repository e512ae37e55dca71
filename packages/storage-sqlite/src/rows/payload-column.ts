import type { PayloadReader } from "../payloads/payload-reader.js";
import type { PayloadWriter } from "../payloads/payload-writer.js";
import { toJson } from "./json.js";

/** JSON never begins like this: what follows names a file. */
const REFERENCE_MARK = "@";

/** JSON of an input or output, or the name of the file that has it. */
export function toPayloadColumn(value: unknown, executionId: string, writer: PayloadWriter): string {
  const json = toJson(value);
  const reference = writer.place(executionId, json);
  return reference === undefined ? json : REFERENCE_MARK + reference;
}

/** Gives the value to `put`: at once, or when the reader has its file. */
export function fromPayloadColumn(text: string, reader: PayloadReader, put: (value: unknown) => void): void {
  if (text.startsWith(REFERENCE_MARK)) reader.want(text.slice(REFERENCE_MARK.length), put);
  else put(JSON.parse(text));
}
