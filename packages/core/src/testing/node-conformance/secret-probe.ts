import type { SecretStore } from "../../ports/secret-store.js";

/** Found nowhere but in credentials. */
export const SECRET = "s3cr3t-8f1c2d9e-never-to-be-seen";

const FIELDS = [
  "value",
  "secret",
  "key",
  "apiKey",
  "api_key",
  "token",
  "accessToken",
  "access_token",
  "password",
  "clientSecret",
  "client_secret",
  "authToken",
] as const;

/** Credentials of every name, each field of which is the secret. */
export function secretCredentials(): { readonly store: SecretStore; readonly reads: number } {
  let reads = 0;
  const credential = Object.fromEntries(FIELDS.map((field) => [field, SECRET]));
  return {
    store: {
      get: async () => {
        reads++;
        return { ...credential, user: "user", username: "user", clientId: "client", client_id: "client" };
      },
    },
    get reads() {
      return reads;
    },
  };
}

/** A server that refuses every request, and quotes all of it in its answer. */
export function tellingHttp(): {
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  readonly calls: number;
} {
  let calls = 0;
  return {
    fetch: async (url, init) => {
      calls++;
      const headers = [...new Headers(init?.headers)].map(([name, value]) => `${name}: ${value}`);
      const body = typeof init?.body === "string" ? init.body : "";
      return new Response([`refused ${String(url)}`, ...headers, body].join("\n"), { status: 401 });
    },
    get calls() {
      return calls;
    },
  };
}
