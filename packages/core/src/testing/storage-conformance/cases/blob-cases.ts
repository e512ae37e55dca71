import assert from "node:assert/strict";
import type { CaseGroup } from "../conformance-case.js";

const BYTES = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);

async function* inParts(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < BYTES.length; at += 10_000) yield BYTES.subarray(at, at + 10_000);
}

export const blobCases: CaseGroup = {
  group: "blobs",
  cases: [
    {
      name: "gives bytes back as they were put, with their size and type",
      check: async ({ storage: { blobs } }) => {
        const reference = await blobs.put(BYTES, { contentType: "image/png" });
        assert.deepEqual([reference.bytes, reference.contentType], [BYTES.length, "image/png"]);
        assert.deepEqual(Uint8Array.from(await blobs.get(reference)), BYTES);
      },
    },
    {
      name: "takes content in parts, and none at all",
      check: async ({ storage: { blobs } }) => {
        assert.deepEqual(Uint8Array.from(await blobs.get(await blobs.put(inParts()))), BYTES);
        const empty = await blobs.put(new Uint8Array(0));
        assert.equal((await blobs.get(empty)).length, 0);
      },
    },
    {
      name: "knows a reference that went through JSON",
      check: async ({ storage: { blobs } }) => {
        const reference = JSON.parse(JSON.stringify(await blobs.put(BYTES)));
        assert.deepEqual(Uint8Array.from(await blobs.get(reference)), BYTES);
      },
    },
    {
      name: "forgets what is deleted, and nothing else",
      check: async ({ storage: { blobs } }) => {
        const [gone, kept] = [await blobs.put(BYTES), await blobs.put(BYTES)];
        await blobs.delete(gone);
        await blobs.delete(gone);
        await assert.rejects(blobs.get(gone), { code: "blob_not_found" });
        assert.equal((await blobs.get(kept)).length, BYTES.length);
      },
    },
  ],
};
