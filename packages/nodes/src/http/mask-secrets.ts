const MASK = "***";
/** Shorter texts stand in too much that is no secret. */
const MIN_SECRET_LENGTH = 4;

/** The text with every secret in it covered, also as JSON and as a URL spell it: answers like to repeat what they were sent. */
export function maskSecrets(text: string, secrets: readonly string[]): string {
  return spellingsOf(secrets).reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

/** Long ones first, so that a secret within another leaves no rest of it. */
function spellingsOf(secrets: readonly string[]): readonly string[] {
  const spellings = secrets
    .filter(({ length }) => length >= MIN_SECRET_LENGTH)
    .flatMap((secret) => [
      secret,
      JSON.stringify(secret).slice(1, -1),
      encodeURIComponent(Buffer.from(secret).toString()),
    ]);
  return [...new Set(spellings)].sort((a, b) => b.length - a.length);
}
