import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { link, rename, rm } from "node:fs/promises";
import { FatalNodeError } from "@automatrix/core";
import { readChunks } from "../files/file-content.js";
import type { FilePlace } from "../files/file-root.js";

const WRITE_NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** What file systems without hard links say. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

export interface ReplaceParams {
  readonly place: FilePlace;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
  /** True when there must be no file of other content. */
  readonly isNew: boolean;
  readonly signal: AbortSignal;
}

/**
 * Writes beside the file and gives it the name when it is complete and on disk. True when there was no such file. Doing
 * it again does the same: a file that was to be new, and is there with the very content, was written by an earlier try.
 */
export async function replaceFile(params: ReplaceParams): Promise<boolean> {
  const { place, bytes, mode, isNew, signal } = params;
  const { folder, name } = place;
  const wasThere = await folder.refuseSpecial(name);
  const temporary = `.automatrix-${randomUUID()}.tmp`;
  try {
    const file = await folder.openFile(temporary, WRITE_NEW, mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    signal.throwIfAborted();
    if (!isNew) await rename(folder.pathOf(temporary), folder.pathOf(name));
    else if (!(await takeName(place, temporary))) return await requireSame(params);
    await folder.sync();
    return !wasThere;
  } finally {
    await rm(folder.pathOf(temporary), { force: true });
  }
}

/** Gives the file its name unless that is taken: never over another one, even if that came a moment ago. */
async function takeName({ folder, name }: FilePlace, temporary: string): Promise<boolean> {
  try {
    await link(folder.pathOf(temporary), folder.pathOf(name));
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!NO_LINKS.has(code)) throw error;
  }
  try {
    await (await folder.openFile(name, WRITE_NEW)).close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  await rename(folder.pathOf(temporary), folder.pathOf(name));
  return true;
}

async function requireSame({ place, path, bytes, signal }: ReplaceParams): Promise<false> {
  const file = await place.folder.openFile(place.name, constants.O_RDONLY);
  try {
    let offset = 0;
    let isSame = (await file.stat()).size === bytes.byteLength;
    if (isSame) {
      for await (const chunk of readChunks(file, { path, signal, maxBytes: Number.MAX_SAFE_INTEGER })) {
        isSame &&= Buffer.compare(chunk, bytes.subarray(offset, offset + chunk.byteLength)) === 0;
        offset += chunk.byteLength;
      }
    }
    if (isSame) return false;
  } finally {
    await file.close();
  }
  throw new FatalNodeError(`There is a file "${path}" with other content already.`, { code: "file_exists" });
}
