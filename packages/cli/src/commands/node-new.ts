import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { usageError } from "../command-error.js";
import { EXIT_OK } from "../exit-code.js";
import { packageVersion } from "../package-version.js";
import { printable } from "../printable.js";
import { nodeFiles } from "../scaffold/node-files.js";
import type { Streams } from "../streams.js";

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const MAX_NAME_LENGTH = 50;
const TYPESCRIPT = "5.9.3";
const VITEST = "4.1.12";

export interface NodeNewOptions {
  /** Folder to make the package in; the name when left out. */
  readonly folder?: string;
}

/** `automatrix node new`: a package with one node type, its test and a workflow that uses it. */
export async function nodeNewCommand(name: string, options: NodeNewOptions, streams: Streams): Promise<number> {
  if (!NAME.test(name) || name.length > MAX_NAME_LENGTH)
    throw usageError(
      `A node is named with small letters, digits and single hyphens, such as send-fax; not "${printable(name)}".`,
    );
  const folder = resolve(options.folder ?? name);
  await requireEmpty(folder);
  const files = nodeFiles(name, { core: packageVersion(), typescript: TYPESCRIPT, vitest: VITEST });
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    // Never over somebody's work: whoever put a file here meanwhile keeps it.
    await writeFile(file, text, { flag: "wx" });
  }
  streams.output.write(`${Object.keys(files)
    .map((path) => join(options.folder ?? name, path))
    .join("\n")}

Next:
  cd ${printable(options.folder ?? name)}
  npm install
  npm test
`);
  return EXIT_OK;
}

async function requireEmpty(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw usageError(`${printable(folder)} cannot be used: ${printable(error.message)}`);
  });
  if (found.length > 0)
    throw usageError(`${printable(folder)} is not empty; name another folder with --folder, or another node.`);
}
