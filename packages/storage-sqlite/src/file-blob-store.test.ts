import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fileBlobStore } from "./file-blob-store.js";

const folder = mkdtempSync(join(tmpdir(), "automatrix-blobs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("fileBlobStore", () => {
  it("gives back what it was given, whole, streamed or in parts", async () => {
    const blobs = fileBlobStore({ directory: join(folder, "kinds") });
    const parts = async function* () {
      yield bytesOf("in ");
      yield bytesOf("parts");
    };
    const whole = await blobs.put(bytesOf("whole"), { contentType: "text/plain" });
    const streamed = await blobs.put(new Blob(["streamed"]).stream());
    const parted = await blobs.put(parts());
    expect(whole).toMatchObject({ bytes: 5, contentType: "text/plain" });
    expect(streamed).toMatchObject({ bytes: 8, contentType: "application/octet-stream" });
    expect([
      textOf(await blobs.get(whole)),
      textOf(await blobs.get(streamed)),
      textOf(await blobs.get(parted)),
    ]).toEqual(["whole", "streamed", "in parts"]);
  });

  it("never names two blobs alike", async () => {
    const blobs = fileBlobStore({ directory: join(folder, "names") });
    const references = await Promise.all(Array.from({ length: 50 }, () => blobs.put(bytesOf("same"))));
    expect(new Set(references.map(({ $blob }) => $blob)).size).toBe(50);
  });

  it("lets nobody but the owner read", async () => {
    const directory = join(folder, "modes");
    await fileBlobStore({ directory }).put(bytesOf("x"));
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(filesIn(directory).map((file) => statSync(file).mode & 0o777)).toEqual([0o600]);
  });

  it("keeps nothing of content that broke off, and passes its error on", async () => {
    const directory = join(folder, "broken");
    const error = new Error("the line went dead");
    const breaking = async function* () {
      yield bytesOf("half");
      throw error;
    };
    await expect(fileBlobStore({ directory }).put(breaking())).rejects.toBe(error);
    expect(filesIn(directory)).toEqual([]);
  });

  it("deletes as often as it is told to, and then knows the blob no more", async () => {
    const blobs = fileBlobStore({ directory: join(folder, "gone") });
    const reference = await blobs.put(bytesOf("x"));
    await blobs.delete(reference);
    await blobs.delete(reference);
    await expect(blobs.get(reference)).rejects.toMatchObject({ code: "blob_not_found" });
  });

  it("reaches no file but its own, whatever a reference says", async () => {
    const outside = join(folder, "outside");
    writeFileSync(outside, "secret");
    const blobs = fileBlobStore({ directory: join(folder, "inside") });
    await blobs.put(bytesOf("x"));
    for (const $blob of [
      "file:../outside",
      "../outside",
      `file:${outside}`,
      outside,
      "file:../../../../../../etc/passwd",
      "file:00000000-0000-0000-0000-0000000000..",
      "file:00000000-0000-0000-0000-00000000000/",
      "file:00000000-0000-0000-0000-000000000000\n",
      "file:00000000-0000-0000-0000-000000000000\0",
      "file:",
      "",
      "memory:1",
      null as unknown as string,
      { toString: () => "file:../outside" } as unknown as string,
    ]) {
      const reference = { $blob, bytes: 1, contentType: "text/plain" };
      await expect(blobs.get(reference), JSON.stringify($blob)).rejects.toMatchObject({ code: "blob_not_found" });
      await blobs.delete(reference);
    }
    expect(existsSync(outside)).toBe(true);
  });

  it("says when its folder cannot be made", async () => {
    const file = join(folder, "a-file");
    writeFileSync(file, "");
    await expect(fileBlobStore({ directory: join(file, "blobs") }).put(bytesOf("x"))).rejects.toMatchObject({
      name: "StorageError",
    });
  });
});
