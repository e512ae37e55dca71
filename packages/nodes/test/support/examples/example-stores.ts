import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { IoOptions } from "../../../src/io/io-nodes.js";

const S3_KEY = "S3RVER";
const BUCKET = "reports";

export interface ExampleStoresOptions {
  readonly folder: string;
  readonly fileRoot: string;
  readonly redisUrl: string;
  readonly redisKeyPrefix: string;
  readonly objectStoreOrigin: string;
}

/** The connections that the examples name, with what they are to find there. */
export function exampleStores({
  folder,
  fileRoot,
  redisUrl,
  redisKeyPrefix,
  ...rest
}: ExampleStoresOptions): IoOptions {
  const shop = join(folder, "shop.db");
  writeShop(shop);
  writeReports(fileRoot);
  const reports = { accessKeyId: S3_KEY, secretAccessKey: S3_KEY, endpoint: rest.objectStoreOrigin, bucket: BUCKET };
  return {
    database: { connections: { shop: `sqlite:${shop}` } },
    redis: { connections: { cache: { url: redisUrl, keyPrefix: redisKeyPrefix } } },
    files: { root: fileRoot },
    s3: { connections: { reports } },
  };
}

function writeShop(file: string): void {
  const database = new Database(file);
  database.exec(`CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
    INSERT INTO customers VALUES (1, 'Ada', 'Bonn'), (2, 'Grace', 'Ulm'), (3, 'Edsger', 'Bonn')`);
  database.close();
}

function writeReports(root: string): void {
  mkdirSync(join(root, "reports"), { recursive: true });
  writeFileSync(join(root, "reports", "2025-01-31.json"), JSON.stringify({ sold: 3 }));
}

/** A server on loopback that speaks the S3 protocol. */
export async function startObjectStore(directory: string) {
  // Its one export is a class of plain JavaScript.
  const S3rver = createRequire(import.meta.url)("s3rver") as new (
    options: object,
  ) => {
    run(): Promise<{ readonly port: number }>;
    close(): Promise<void>;
  };
  const configureBuckets = [{ name: BUCKET }];
  const server = new S3rver({ address: "127.0.0.1", port: 0, silent: true, directory, configureBuckets });
  const { port } = await server.run();
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
}
