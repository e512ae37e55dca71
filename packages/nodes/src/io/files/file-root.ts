import { FatalNodeError, type NodeContext } from "@automatrix/core";
import { toFileError } from "./file-errors.js";
import { parseFilePath } from "./file-path.js";
import { Folder } from "./folder.js";

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_INLINE_BYTES = 8 * 1024 * 1024;
/** No tenant is encoded to this: a percent sign is always followed by two digits. */
const NO_TENANT = "%none";

/** What the operator sets up for `file_read` and `file_write`. */
export interface FileNodesOptions {
  /** The folder that all paths lie in; it must exist. Without it the nodes fail with `not_configured`. */
  readonly root?: string;
  /** True: each tenant has a folder of its own in the root. Default false. */
  readonly folderPerTenant?: boolean;
  /** Largest file. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Largest content handed over as text, JSON or base64; larger ones go as blobs. Default 8 MiB. */
  readonly maxInlineBytes?: number;
}

/** Where a path leads: an open folder, and a name in it. */
export interface FilePlace {
  readonly folder: Folder;
  readonly name: string;
}

/** The folder that the nodes for files are confined to. */
export class FileRoot {
  readonly #options: FileNodesOptions;

  constructor(options: FileNodesOptions) {
    this.#options = options;
  }

  get maxBytes(): number {
    return this.#options.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  get maxInlineBytes(): number {
    return Math.min(this.#options.maxInlineBytes ?? DEFAULT_MAX_INLINE_BYTES, this.maxBytes);
  }

  /** Runs `work` where the path leads, with every folder on the way held open. */
  async visit<Result>(
    ctx: NodeContext<unknown>,
    { path, makeFolders }: { readonly path: string; readonly makeFolders: boolean },
    work: (place: FilePlace) => Promise<Result>,
  ): Promise<Result> {
    const names = [...this.#tenantFolder(ctx), ...parseFilePath(path)];
    const name = names.pop() as string;
    try {
      const folder = await this.#openFolder(names, makeFolders);
      try {
        return await work({ folder, name });
      } finally {
        await folder.close();
      }
    } catch (error) {
      throw toFileError(error, path);
    }
  }

  async #openFolder(names: readonly string[], make: boolean): Promise<Folder> {
    let folder = await this.#openRoot();
    for (const name of names) {
      const parent = folder;
      try {
        folder = await parent.openChild(name, make);
      } finally {
        await parent.close();
      }
    }
    return folder;
  }

  async #openRoot(): Promise<Folder> {
    const { root } = this.#options;
    if (root === undefined)
      throw new FatalNodeError('The nodes for files need a folder: set the option "root" of the file nodes.', {
        code: "not_configured",
      });
    try {
      return await Folder.openRoot(root);
    } catch {
      throw new FatalNodeError('The folder for files is not there or cannot be opened; look at the option "root".', {
        code: "not_configured",
      });
    }
  }

  #tenantFolder({ execution }: NodeContext<unknown>): readonly string[] {
    if (this.#options.folderPerTenant !== true) return [];
    const name = execution.tenant === null ? NO_TENANT : encodeURIComponent(execution.tenant).replace(/^\./, "%2E");
    return parseFilePath(name === "" ? "%empty" : name);
  }
}
