const SIGNATURES: readonly {
  readonly contentType: string;
  readonly offset: number;
  readonly bytes: readonly number[];
}[] = [
  { contentType: "image/png", offset: 0, bytes: [0x89, 0x50, 0x4e, 0x47] },
  { contentType: "image/jpeg", offset: 0, bytes: [0xff, 0xd8, 0xff] },
  { contentType: "image/webp", offset: 8, bytes: [0x57, 0x45, 0x42, 0x50] },
  { contentType: "image/gif", offset: 0, bytes: [0x47, 0x49, 0x46, 0x38] },
];

/** The kind of an image by its first bytes; what a server says of it is not asked. */
export function imageTypeOf(content: Uint8Array): string {
  const known = SIGNATURES.find(({ offset, bytes }) => bytes.every((byte, index) => content[offset + index] === byte));
  return known?.contentType ?? "application/octet-stream";
}

/** An image that came in base64. */
export function fromBase64(text: string): { readonly bytes: Uint8Array; readonly contentType: string } {
  const bytes = Buffer.from(text, "base64");
  return { bytes, contentType: imageTypeOf(bytes) };
}
