/** First word of an answer of Redis that is an error; what follows may name keys. */
const CODE = /^[A-Z][A-Z0-9_]*/;

/** A command that its user may not run, from within a script: without a code of its own in Redis 7. */
const FORBIDDEN_IN_SCRIPT = /^ERR The user executing the script can't run/;

/**
 * The code with which Redis answered, such as `OOM` or `READONLY`; undefined when the error is none of its answers. A
 * transaction that was discarded has the code of its first refused command.
 */
export function toRefusalCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== "ReplyError") return undefined;
  const { previousErrors } = error as { readonly previousErrors?: readonly Error[] };
  const text = previousErrors?.[0]?.message ?? error.message;
  return FORBIDDEN_IN_SCRIPT.test(text) ? "NOPERM" : (CODE.exec(text)?.[0] ?? "ERR");
}
