import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A folder for the files of one suite, gone when the suite has ended. */
export function temporaryFolder(): { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), "automatrix-sqlite-"));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return { path };
}
