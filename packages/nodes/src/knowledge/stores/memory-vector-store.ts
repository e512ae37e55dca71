import { FatalNodeError } from "@automatrix/core";
import { requireDimensions } from "../check-records.js";
import type { VectorRecord, VectorSpace, VectorStore } from "../vector-store.js";
import { bestOf } from "./best-matches.js";
import { matchesFilter } from "./matches-filter.js";

const DEFAULT_MAX_RECORDS = 10_000;

interface Namespace {
  readonly dimensions: number;
  readonly records: Map<string, VectorRecord>;
}

/** Vectors in memory, for tests and trials; at most `maxRecords` (10,000) in one namespace. */
export function memoryVectorStore({ maxRecords = DEFAULT_MAX_RECORDS } = {}): VectorStore {
  const namespaces = new Map<string, Namespace>();
  const keyOf = ({ tenant, namespace }: VectorSpace) => JSON.stringify([tenant, namespace]);
  return {
    async upsert(space, records) {
      const [first] = records;
      if (first === undefined) return;
      const { dimensions, records: kept } = namespaces.get(keyOf(space)) ?? {
        dimensions: first.vector.length,
        records: new Map<string, VectorRecord>(),
      };
      for (const { vector } of records) requireDimensions(vector.length, { namespace: space.namespace, dimensions });
      const merged = new Map([...kept, ...records.map((record) => [record.id, record] as const)]);
      if (merged.size > maxRecords) throw namespaceFull(space.namespace, maxRecords);
      namespaces.set(keyOf(space), { dimensions, records: merged });
    },
    async search(space, { vector, limit, filter, signal }) {
      signal.throwIfAborted();
      const found = namespaces.get(keyOf(space));
      if (found === undefined) return [];
      requireDimensions(vector.length, { namespace: space.namespace, dimensions: found.dimensions });
      const matches = [...found.records.values()]
        .filter(({ metadata }) => matchesFilter(metadata, filter))
        .map((record) => ({
          id: record.id,
          score: cosine(vector, record.vector),
          text: record.text,
          metadata: record.metadata,
        }));
      return bestOf(matches, limit);
    },
    async delete(space, ids) {
      const records = namespaces.get(keyOf(space))?.records;
      if (ids !== "all") return ids.filter((id) => records?.delete(id)).length;
      namespaces.delete(keyOf(space));
      return records?.size ?? 0;
    },
    async close() {},
  };
}

/** The failure of a namespace that holds as many records as it may. */
export function namespaceFull(namespace: string, maxRecords: number): FatalNodeError {
  return new FatalNodeError(
    `The namespace "${namespace}" would hold more than ${maxRecords} records; raise the store's \`maxRecords\`, or use pgvector.`,
    { code: "storage_full", details: { maxRecords } },
  );
}

function cosine(left: readonly number[], right: readonly number[]): number {
  let [product, squaresLeft, squaresRight] = [0, 0, 0];
  for (const [place, value] of left.entries()) {
    const other = right[place] ?? 0;
    product += value * other;
    squaresLeft += value * value;
    squaresRight += other * other;
  }
  return product / Math.sqrt(squaresLeft * squaresRight);
}
