import { promisify } from "node:util";
import { brotliCompress, brotliDecompress, constants, deflate, gunzip, gzip, inflate } from "node:zlib";

export const ALGORITHMS = ["gzip", "deflate", "brotli"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Both ways of an algorithm. They run in Node's thread pool, so that the engine goes on meanwhile. */
interface Codec {
  compress(content: Uint8Array): Promise<Buffer>;
  /** Fails with `ERR_BUFFER_TOO_LARGE` as soon as more than `maxBytes` come out. */
  decompress(content: Uint8Array, maxBytes: number): Promise<Buffer>;
}

/** The default, 11, takes seconds for a megabyte. */
const BROTLI_QUALITY = 5;

const [gzipAsync, gunzipAsync, deflateAsync, inflateAsync, brotliAsync, unbrotliAsync] = [
  promisify<Uint8Array, object, Buffer>(gzip),
  promisify<Uint8Array, object, Buffer>(gunzip),
  promisify<Uint8Array, object, Buffer>(deflate),
  promisify<Uint8Array, object, Buffer>(inflate),
  promisify<Uint8Array, object, Buffer>(brotliCompress),
  promisify<Uint8Array, object, Buffer>(brotliDecompress),
];

export const CODECS: Readonly<Record<Algorithm, Codec>> = {
  gzip: {
    compress: (content) => gzipAsync(content, {}),
    decompress: (content, maxBytes) => gunzipAsync(content, { maxOutputLength: maxBytes }),
  },
  deflate: {
    compress: (content) => deflateAsync(content, {}),
    decompress: (content, maxBytes) => inflateAsync(content, { maxOutputLength: maxBytes }),
  },
  brotli: {
    compress: (content) => brotliAsync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
    decompress: (content, maxBytes) => unbrotliAsync(content, { maxOutputLength: maxBytes }),
  },
};
