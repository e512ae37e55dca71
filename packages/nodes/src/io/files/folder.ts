/**
 * A folder that is held open, and everything in it named relative to that: who replaces a folder above by a symbolic link
 * meanwhile changes nothing. Node.js has no `openat`; on Linux a path through the descriptor does the same. Elsewhere the
 * path itself is used, and what was opened is compared with where it should lie.
 */
import { constants, existsSync } from "node:fs";
import { type FileHandle, lstat, mkdir, open, realpath } from "node:fs/promises";
import { join } from "node:path";
import { pathRefused } from "./file-errors.js";

const DESCRIPTORS = "/proc/self/fd";
const FOLDER_MODE = 0o750;
const OPEN_FOLDER = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0);
/** Opening a pipe must not wait for whoever would write to it. */
const OPEN_FILE = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

const canUseDescriptors = existsSync(DESCRIPTORS);

export class Folder {
  readonly #handle: FileHandle;
  /** Where it lay when it was opened. */
  readonly #place: string;

  private constructor(handle: FileHandle, place: string) {
    this.#handle = handle;
    this.#place = place;
  }

  /** Opens the root; that it may be a symbolic link is the operator's business. */
  static async openRoot(root: string): Promise<Folder> {
    const place = await realpath(root);
    return new Folder(await open(place, OPEN_FOLDER), place);
  }

  /** The folder of this name, made when it is not there and `make` says so. */
  async openChild(name: string, make: boolean): Promise<Folder> {
    if (make) await ignoring("EEXIST", mkdir(this.pathOf(name), { mode: FOLDER_MODE }));
    const handle = await this.#open(name, OPEN_FOLDER);
    return new Folder(handle, join(this.#place, name));
  }

  /** Opens a plain file, and nothing else. */
  async openFile(name: string, flags: number, mode?: number): Promise<FileHandle> {
    await this.refuseSpecial(name);
    const handle = await this.#open(name, flags | OPEN_FILE, mode);
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
    throw pathRefused(name, "it is no plain file");
  }

  /** Whether there is a plain file of this name; anything else of this name is refused. */
  async refuseSpecial(name: string): Promise<boolean> {
    const found = await ignoring("ENOENT", lstat(this.pathOf(name)));
    if (found === undefined) return false;
    if (found.isSymbolicLink()) throw pathRefused(name, "it is a symbolic link");
    if (!found.isFile()) throw pathRefused(name, found.isDirectory() ? "there is a folder" : "it is no plain file");
    return true;
  }

  /** A path to this name that holds as long as the folder is open. */
  pathOf(name: string): string {
    return canUseDescriptors ? `${DESCRIPTORS}/${this.#handle.fd}/${name}` : join(this.#place, name);
  }

  /** Makes names that were given or taken in it durable. */
  async sync(): Promise<void> {
    // Not every file system can.
    await this.#handle.sync().catch(() => {});
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #open(name: string, flags: number, mode?: number): Promise<FileHandle> {
    const handle = await open(this.pathOf(name), flags, mode);
    if (canUseDescriptors) return handle;
    const place = join(this.#place, name);
    const [opened, named] = await Promise.all([handle.stat(), lstat(place)]);
    if (opened.ino === named.ino && opened.dev === named.dev && (await realpath(place)) === place) return handle;
    await handle.close();
    throw pathRefused(name, "it leads over a symbolic link");
  }
}

async function ignoring<Value>(code: string, work: Promise<Value>): Promise<Value | undefined> {
  try {
    return await work;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === code) return undefined;
    throw error;
  }
}
