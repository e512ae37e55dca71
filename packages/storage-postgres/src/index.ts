/** Durable storage of AutoMatrix in PostgreSQL. */
export { type PostgresStorageOptions, postgresStorage } from "./postgres-storage.js";
