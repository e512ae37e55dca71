/** Reference storage and its companions, all in memory. */
export { memoryBlobStore } from "./memory-blob-store.js";
export { memoryCache } from "./memory-cache.js";
export { type MemoryStorageOptions, memoryStorage } from "./memory-storage.js";
