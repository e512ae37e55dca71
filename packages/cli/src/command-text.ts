import { printable } from "./printable.js";
import { DEFAULT_STORAGE_URL, shownStorageUrl } from "./storage/storage-url.js";

const HARMLESS_WORD = /^[\p{L}\p{N}_@%+=:,./…-]+$/u;

/** A command to try next, as it is typed: with the storage where it is not the default one. */
export function commandText(words: readonly string[], storageUrl: string, nodeFiles: readonly string[] = []): string {
  const storage = storageUrl === DEFAULT_STORAGE_URL ? [] : ["--storage", shownStorageUrl(storageUrl)];
  const nodes = nodeFiles.flatMap((file) => ["--nodes", file]);
  return ["automatrix", ...[...words, ...storage, ...nodes].map(quoted)].join(" ");
}

/** Quoted for a shell where that is needed. Words in capitals, such as JSON, stand for something and stay bare. */
function quoted(word: string): string {
  const text = printable(word);
  return HARMLESS_WORD.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
