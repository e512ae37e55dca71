import { randomUUID } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

export type Content = Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a file that is there whole or not at all, also after a power cut: written beside its place, synced, renamed,
 * and the folders synced that came to know of it. Answers its bytes. Folders that are missing are made.
 */
export async function writeDurably(place: string, content: Content): Promise<number> {
  const folder = dirname(place);
  const newest = await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const draft = join(folder, `.${randomUUID()}.draft`);
  try {
    const bytes = await writeDraft(draft, content);
    await rename(draft, place);
    for (let above = folder; ; above = dirname(above)) {
      await syncFolder(above);
      if (newest === undefined || above === dirname(newest)) break;
    }
    return bytes;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function writeDraft(draft: string, content: Content): Promise<number> {
  await using file = await open(draft, "wx", FILE_MODE);
  let bytes = 0;
  for await (const part of content instanceof Uint8Array ? [content] : (content as AsyncIterable<Uint8Array>)) {
    // Streams of text are not typed as such, and come all the same.
    const chunk = typeof part === "string" ? Buffer.from(part) : part;
    await file.writeFile(chunk);
    bytes += chunk.byteLength;
  }
  await file.sync();
  return bytes;
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}
