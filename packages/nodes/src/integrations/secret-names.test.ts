import { describe, expect, it } from "vitest";
import { isSecretName } from "./secret-names.js";

describe("isSecretName", () => {
  it.each([
    "secret",
    "clientSecret",
    "accessToken",
    "BOT_TOKEN",
    "password",
    "dbpassword",
    "passphrase",
    "passwd",
    "apiKey",
    "api_key",
    "API key",
    "X-Api-Key",
    "privateKeyPem",
    "credentials",
    "Authorization",
  ])("takes %s for one", (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  it.each([
    "greeting",
    "region",
    "baseUrl",
    "key",
    "publicKey",
    "tokenUrl",
    "token_endpoint",
    "secretName",
    "tokenType",
  ])("takes %s for none", (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});
