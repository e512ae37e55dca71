import { FatalNodeError } from "@automatrix/core";

const MAX_PATH_LENGTH = 4_096;
const MAX_SEGMENT_BYTES = 255;
/** Names of devices, and of streams within files, on Windows. */
const WINDOWS_NAME = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)|:|[. ]$/i;

/**
 * Splits a path below the root into its names. Only `/` parts them; nothing leads up, back to the root or to a device.
 * @throws FatalNodeError `path_refused`
 */
export function parseFilePath(path: string): readonly string[] {
  if (path.length > MAX_PATH_LENGTH) throw refused("it is too long");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\u0000-\u001f\u007f]/.test(path)) throw refused("it holds a control character");
  if (path.includes("\\")) throw refused("it holds a backslash; use / between folders");
  if (path.startsWith("/") || /^[a-z]:/i.test(path))
    throw refused("it is absolute; paths begin below the folder for files");
  const names = path.split("/").filter((name, index) => name !== "." || index > 0);
  if (names.length === 0) throw refused("it names no file");
  for (const name of names) refuseName(name);
  return names;
}

function refuseName(name: string): void {
  if (name === "") throw refused("a name in it is empty");
  if (name === "." || name === "..") throw refused(`it holds "${name}"`);
  if (Buffer.byteLength(name) > MAX_SEGMENT_BYTES)
    throw refused(`a name in it is longer than ${MAX_SEGMENT_BYTES} bytes`);
  if (/\p{Surrogate}/u.test(name)) throw refused("it holds half a character");
  if (process.platform === "win32" && WINDOWS_NAME.test(name))
    throw refused("a name in it stands for a device on Windows");
}

function refused(why: string): FatalNodeError {
  return new FatalNodeError(`The path cannot be used: ${why}.`, { code: "path_refused" });
}
