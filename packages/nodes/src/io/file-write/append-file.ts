import { constants } from "node:fs";
import { AutomatrixError } from "@automatrix/core";
import { contentTooLarge } from "../files/file-errors.js";
import type { FilePlace } from "../files/file-root.js";

export interface AppendParams {
  readonly place: FilePlace;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Adds to the end of a file; true when there was none. */
export async function appendFile({ place, path, bytes, mode, maxBytes, signal }: AppendParams): Promise<boolean> {
  const wasThere = await place.folder.refuseSpecial(place.name);
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
  const file = await place.folder.openFile(place.name, flags, mode);
  try {
    const { size } = await file.stat();
    if (size + bytes.byteLength > maxBytes) throw contentTooLarge(path, maxBytes, "begin another file");
    signal.throwIfAborted();
    await writeAll(file, bytes, path);
    return !wasThere;
  } finally {
    await file.close();
  }
}

async function writeAll(
  file: { appendFile(bytes: Uint8Array): Promise<void>; sync(): Promise<void> },
  bytes: Uint8Array,
  path: string,
): Promise<void> {
  try {
    await file.appendFile(bytes);
    await file.sync();
  } catch (error) {
    // A part may be there: this vouches for nothing.
    const code = (error as NodeJS.ErrnoException).code ?? "unknown";
    throw new AutomatrixError("storage_unavailable", `Adding to "${path}" failed in the middle (${code}).`);
  }
}
