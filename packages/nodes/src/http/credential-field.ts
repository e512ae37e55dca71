import { FatalNodeError, type NodeContext } from "@automatrix/core";

type Credential = Readonly<Record<string, unknown>>;

/** A credential under its name, with readers that say what is missing. */
export interface NamedCredential {
  /** The first of these fields that holds a text. @throws FatalNodeError `credential_unusable` */
  text(...fields: readonly [string, ...string[]]): string;
  /** The same, or undefined. */
  optionalText(...fields: readonly string[]): string | undefined;
}

/** @throws AutomatrixError `credential_not_found` */
export async function readCredential(ctx: Pick<NodeContext, "credentials">, name: string): Promise<NamedCredential> {
  const credential: Credential = await ctx.credentials(name);
  const optionalText = (...fields: readonly string[]) => firstText(credential, fields);
  return {
    optionalText,
    text: (...fields) => {
      const found = optionalText(...fields);
      if (found !== undefined) return found;
      throw new FatalNodeError(`The credential "${name}" has no "${fields[0]}"; add it to the secret store.`, {
        code: "credential_unusable",
        details: { credential: name, field: fields[0] },
      });
    },
  };
}

/**
 * The first of these fields that holds a text, for those who need a single secret: without them the field `value`, which
 * is where a credential that is a plain text has it.
 */
export function findSecret(credential: Credential, ...fields: readonly string[]): string | undefined {
  return firstText(credential, [...fields, "value"]);
}

function firstText(credential: Credential, fields: readonly string[]): string | undefined {
  const texts = fields.map((field) => (Object.hasOwn(credential, field) ? credential[field] : undefined));
  return texts.find((text): text is string => typeof text === "string" && text !== "");
}
