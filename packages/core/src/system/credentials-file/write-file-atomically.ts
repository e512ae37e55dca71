import { randomUUID } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

export interface AtomicWrite {
  readonly path: string;
  readonly text: string;
  /** Called once the new text is on the disk beside the old one; throwing leaves the old one in place. */
  readonly beforeReplace: () => Promise<void>;
}

/** Replaces a file: whoever reads it, and whatever crashes, there is the old text or the new one. Only for its owner. */
export async function writeFileAtomically({ path, text, beforeReplace }: AtomicWrite): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await beforeReplace();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** So that the new name outlives a power failure. Some systems cannot; there the file is as good as they are. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {
    // Not every system opens folders.
  }
}
