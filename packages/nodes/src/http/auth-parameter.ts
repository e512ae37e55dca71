import { z } from "@automatrix/core";
import { isJsonObject } from "../json/json-kind.js";

const NAME_OF_CREDENTIAL =
  "Give credential, the name of a credential in the secret store: a token, key or password never stands in parameters.";

const credential = () =>
  z
    .string({ error: NAME_OF_CREDENTIAL })
    .min(1)
    .max(200)
    .describe("Name of the credential in the secret store; secrets never stand in parameters.");

/** Schema of the `auth` parameter of nodes that call HTTP. */
export function authParameter() {
  const basic = z.object({
    type: z.literal("basic").describe("User name and password."),
    credential: credential().describe("Name of a credential with `username` and `password`."),
  });
  const bearer = z.object({
    type: z.literal("bearer").describe("A token in the Authorization header."),
    credential: credential().describe("Name of a credential with `token`."),
  });
  const header = z.object({
    type: z.literal("header").describe("A key in a header of its own."),
    credential: credential().describe("Name of a credential with `value`, and `name` unless it is given here."),
    name: z.string().min(1).max(200).optional().describe("Name of the header, such as X-Api-Key."),
  });
  const query = z.object({
    type: z.literal("query").describe("A key in the query of the URL."),
    credential: credential().describe("Name of a credential with `value`, and `name` unless it is given here."),
    name: z.string().min(1).max(200).optional().describe("Name of the query parameter, such as api_key."),
  });
  const oauth2 = z.object({
    type: z.literal("oauth2").describe("OAuth 2 client credentials; the token is kept until it expires."),
    credential: credential().describe("Name of a credential with `clientId`, `clientSecret` and `tokenUrl`."),
    scope: z.string().max(2_000).optional().describe("Scopes to ask for, separated by spaces."),
    audience: z.string().max(2_000).optional().describe("Audience to ask for, where the provider wants one."),
    clientAuthentication: z
      .enum(["header", "body"])
      .default("header")
      .describe("How the client identifies itself at the token URL."),
  });
  return z
    .preprocess(orNothing, z.discriminatedUnion("type", [basic, bearer, header, query, oauth2]).optional())
    .optional()
    .describe("How to authenticate: a kind and the name of a credential. Left out, null or the kind none: not at all.");
}

function orNothing(auth: unknown): unknown {
  return auth === null || (isJsonObject(auth) && auth["type"] === "none") ? undefined : auth;
}

export type AuthParameter = NonNullable<z.output<ReturnType<typeof authParameter>>>;
