const MAX_NAME_LENGTH = 64;

/** The candidate that a mistyped name most likely meant: at most a third of its characters differ. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  if (name.length > MAX_NAME_LENGTH) return undefined;
  const wanted = name.toLowerCase();
  let nearest: string | undefined;
  let distance = Math.floor(Math.max(name.length, 3) / 3) + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= distance || candidate.length > MAX_NAME_LENGTH) continue;
    const edits = editDistance(wanted, candidate.toLowerCase());
    if (edits < distance) {
      distance = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Levenshtein's distance by rows. */
function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const substitution = (row[j - 1] as number) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[right.length] as number;
}
