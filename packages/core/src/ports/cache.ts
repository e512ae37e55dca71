/** Values that may be forgotten at any time. Bounded by its implementation. */
export interface Cache {
  get(key: string): Promise<unknown | undefined>;
  set(key: string, value: unknown, options?: { readonly ttlMs?: number }): Promise<void>;
  delete(key: string): Promise<void>;
}
