import { canonicalJson } from "../../json/canonical-json.js";
import { fieldReader } from "../../json/field-path.js";

/** Items whose fields have equal values. */
export interface Group {
  /** The values that the members share, by field. */
  readonly group: Readonly<Record<string, unknown>>;
  readonly members: readonly unknown[];
}

/** Groups in the order of their first item. A missing value and null make one group. */
export function groupItems(items: readonly unknown[], fields: readonly string[]): readonly Group[] {
  const readers = fields.map((field) => ({ field, read: fieldReader(field) }));
  const groups = new Map<string, { group: Record<string, unknown>; members: unknown[] }>();
  for (const item of items) {
    const values = readers.map(({ read }) => read(item) ?? null);
    const key = canonicalJson(values);
    const known = groups.get(key);
    if (known !== undefined) known.members.push(item);
    else
      groups.set(key, {
        group: Object.fromEntries(fields.map((field, place) => [field, values[place]])),
        members: [item],
      });
  }
  return [...groups.values()];
}
