import type { Metadata, MetadataFilter, MetadataValue } from "../vector-store.js";

/** Values that a filter accepts for one name. */
export function acceptedValues(wanted: MetadataValue | readonly MetadataValue[]): readonly MetadataValue[] {
  return Array.isArray(wanted) ? (wanted as readonly MetadataValue[]) : [wanted as MetadataValue];
}

export function matchesFilter(metadata: Metadata, filter: MetadataFilter): boolean {
  return Object.entries(filter).every(
    ([name, wanted]) => Object.hasOwn(metadata, name) && acceptedValues(wanted).includes(metadata[name] ?? null),
  );
}
