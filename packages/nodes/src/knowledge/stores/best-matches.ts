/** Something found and how similar it is. */
export interface Scored {
  readonly id: string;
  readonly score: number;
}

/** The best of two lists, best first, equal ones by id. */
export function bestOf<Item extends Scored>(items: readonly Item[], limit: number): readonly Item[] {
  return [...items].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(0, limit);
}
