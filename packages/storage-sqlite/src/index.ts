/** Durable storage of AutoMatrix in one SQLite file. */
export { type FileBlobStoreOptions, fileBlobStore } from "./file-blob-store.js";
export { type SqliteStorageOptions, sqliteStorage } from "./sqlite-storage.js";
