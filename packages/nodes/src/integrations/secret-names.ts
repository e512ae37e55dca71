/** What a name holds that says of a text that it is a secret; read without case and without what parts its words. */
const SECRET_WORDS = [
  "secret",
  "token",
  "password",
  "passphrase",
  "passwd",
  "passcode",
  "passkey",
  "pwd",
  "apikey",
  "privatekey",
  "accesskey",
  "accountkey",
  "authkey",
  "encryptionkey",
  "masterkey",
  "sharedkey",
  "signingkey",
  "connectionstring",
  "credential",
  "authorization",
  "bearer",
  "cookie",
  "jwt",
] as const;

/** Ends of names that speak of a secret without holding it, such as `tokenUrl` and `secretName`. */
const HARMLESS_ENDS = ["url", "uri", "endpoint", "name", "type"] as const;

/** Whether a field of this name, such as `apiKey`, `api_key` or `X-Api-Key`, holds a secret. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return SECRET_WORDS.some((word) => plain.includes(word)) && !HARMLESS_ENDS.some((end) => plain.endsWith(end));
}
