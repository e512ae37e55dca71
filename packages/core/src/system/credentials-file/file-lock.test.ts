import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withFileLock } from "./file-lock.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "automatrix-lock-"));
  path = join(folder, "lock");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("withFileLock", () => {
  it("lets one at a time in, and leaves nothing behind", async () => {
    let inside = 0;
    let most = 0;
    const enter = () =>
      withFileLock(path, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      });
    await Promise.all([enter(), enter(), enter(), enter()]);
    expect(most).toBe(1);
    expect(existsSync(path)).toBe(false);
  });

  it("is free again after an error", async () => {
    const failing = withFileLock(path, () => Promise.reject(new Error("broke")));
    await expect(failing).rejects.toThrow("broke");
    expect(await withFileLock(path, async () => "in")).toBe("in");
  });

  it("tells a holder that was taken for dead, whose lock stays with the other", async () => {
    await withFileLock(path, async (lock) => {
      await lock.requireHeld();
      writeFileSync(path, "another process");
      await expect(lock.requireHeld()).rejects.toMatchObject({ code: "credentials_file_busy" });
    });
    expect(readFileSync(path, "utf8")).toBe("another process");
  });
});
