/** Text as it is; any other value as JSON. */
export function toText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? null, undefined, 1);
}
