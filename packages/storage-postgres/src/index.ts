/** Durable storage of AutoMatrix in PostgreSQL. */
export { type PostgresEventBusOptions, postgresEventBus } from "./postgres-event-bus.js";
export { type PostgresStorageOptions, postgresStorage } from "./postgres-storage.js";
