import { promisify } from "node:util";
import { loadModule } from "../../loading/load-module.js";

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

type Zlib = typeof import("node:zlib");

export const CODECS: Readonly<Record<Algorithm, Codec>> = {
  gzip: {
    compress: (content) => run("gzip", content, {}),
    decompress: (content, maxBytes) => run("gunzip", content, { maxOutputLength: maxBytes }),
  },
  deflate: {
    compress: (content) => run("deflate", content, {}),
    decompress: (content, maxBytes) => run("inflate", content, { maxOutputLength: maxBytes }),
  },
  brotli: {
    compress: (content) =>
      run("brotliCompress", content, { params: { [zlib().constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
    decompress: (content, maxBytes) => run("brotliDecompress", content, { maxOutputLength: maxBytes }),
  },
};

function zlib(): Zlib {
  return loadModule<Zlib>("node:zlib");
}

function run(
  name: "gzip" | "gunzip" | "deflate" | "inflate" | "brotliCompress" | "brotliDecompress",
  content: Uint8Array,
  options: object,
): Promise<Buffer> {
  return promisify<Uint8Array, object, Buffer>(zlib()[name])(content, options);
}
