import { AutomatrixError } from "../../../errors/errors.js";
import { maskJson } from "./mask-json.js";
import { maskValue } from "./mask-value.js";
import { formsOf, secretsIn } from "./secret-forms.js";
import { TextMasker } from "./text-masker.js";

/** What one execution may look for, in characters of all its secrets in every form. */
const MAX_MASKED_CHARACTERS = 16 * 1024 * 1024;
/** One secret, before its forms. */
const MAX_SECRET_CHARACTERS = 512 * 1024;

/** The secrets that nodes of one execution have read here, and how to mask them in what leaves its nodes. */
export class ExecutionMask {
  readonly #masker = new TextMasker();
  readonly #text = (text: string): string => this.#masker.mask(text);

  /** Characters that it holds. */
  get size(): number {
    return this.#masker.size;
  }

  /**
   * Masks the values of a credential from now on.
   * @throws AutomatrixError `credential_too_large` when there are more than can be looked for
   */
  add(name: string, credential: unknown): void {
    for (const secret of secretsIn(credential)) {
      if (secret.length > MAX_SECRET_CHARACTERS) throw tooLarge(name);
      for (const form of formsOf(secret)) this.#masker.add(form);
      if (this.size > MAX_MASKED_CHARACTERS) throw tooLarge(name);
    }
  }

  text(text: string): string {
    return this.#masker.mask(text);
  }

  /** Plain JSON; parts without a secret stay the same objects. */
  json<Value>(value: Value): Value {
    return maskJson(value, this.#text) as Value;
  }

  /** A copy of anything: fields of a log line, a chunk, an error. */
  value(value: unknown): unknown {
    return maskValue(value, this.#text);
  }
}

function tooLarge(name: string): AutomatrixError {
  return new AutomatrixError(
    "credential_too_large",
    `The credential "${name}" was not given out: with it, the credentials that this execution has read hold more text than can be masked; keep files in a blob store.`,
  );
}
