import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";

/** A folder for the tests of one file, removed after them. */
export interface TemporaryFolder {
  /** Its path; to be read inside tests. */
  readonly path: () => string;
  /** Writes a file, as JSON unless it is a text, and returns its path. */
  readonly file: (name: string, content: unknown) => string;
}

export function temporaryFolder(): TemporaryFolder {
  let path = "";
  beforeAll(() => {
    path = mkdtempSync(join(tmpdir(), "automatrix-cli-"));
  });
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path: () => path,
    file: (name, content) => {
      const file = join(path, name);
      writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
      return file;
    },
  };
}
