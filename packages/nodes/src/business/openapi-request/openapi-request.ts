import { defineNode, FatalNodeError, type NodeContext, type NodeType, z } from "@automatrix/core";
import { callService } from "../rest/service-call.js";
import { buildRequest, type RequestParts, serverUrl } from "./build-request.js";
import { MAX_DOCUMENT_BYTES, type OpenapiDocument, OpenapiDocuments } from "./openapi-document.js";
import { NO_SIGN_IN, type SignIn, signIn } from "./openapi-security.js";

const DOCUMENT_KEPT_MS = 5 * 60 * 1000;
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

const parameters = () =>
  z
    .object({
      document: z
        .union([z.record(z.string(), z.unknown()), z.string().min(1)])
        .optional()
        .describe("OpenAPI 3.0 or 3.1 document, as an object or as JSON or YAML text."),
      documentUrl: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe("Where to get the document, in place of `document`."),
      operationId: z
        .string()
        .min(1)
        .describe('Operation to call: its id, or its method and path ("GET /pets/{petId}").'),
      parameters: z
        .record(z.string(), z.unknown())
        .default({})
        .describe("Path, query, header and cookie parameters by name."),
      body: z.unknown().optional().describe("Body; sent as JSON, as a form or as text, as the operation takes it."),
      contentType: z.string().min(1).optional().describe("Which of the operation's content types to send the body as."),
      serverVariables: z
        .record(z.string(), z.string())
        .default({})
        .describe("Values of the server's variables by name."),
      credential: z
        .string()
        .min(1)
        .optional()
        .describe(
          "Credential with `token`, `apiKey`, or `username` and `password`; `origins` limits where it is sent.",
        ),
    })
    .refine(
      ({ document, documentUrl }) => (document === undefined) !== (documentUrl === undefined),
      "Give either document or documentUrl.",
    );

type OpenapiContext = NodeContext<z.output<ReturnType<typeof parameters>>>;

/** Calls an operation of any service that is described by OpenAPI. */
export function createOpenapiRequest(): NodeType {
  const documents = new OpenapiDocuments();
  return defineNode({
    type: "openapi_request",
    label: "OpenAPI request",
    description:
      "Calls an operation of a service described by an OpenAPI document; parameters and body are checked first.",
    category: "business",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    parameters,
    output: () => z.object({ status: z.number(), headers: z.record(z.string(), z.string()), body: z.unknown() }),
    example: {
      parameters: {
        documentUrl: "https://petstore3.swagger.io/api/v3/openapi.json",
        operationId: "getPetById",
        parameters: { petId: 7 },
      },
    },
    async execute(ctx) {
      const { operationId, document: _, ...given } = ctx.parameters;
      const document = await openDocument(ctx, documents);
      const parts = { ...given, found: document.find(operationId) };
      const request = buildRequest(document, parts, await signInTo(ctx, document, parts));
      const key = SAFE_METHODS.has(request.method) ? {} : { "idempotency-key": ctx.idempotencyKey };
      const answer = await callService(ctx, {
        service: "The service",
        ...request,
        headers: { ...key, ...request.headers },
        isOnce: false,
      });
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: answer.body };
    },
  });
}

async function openDocument(ctx: OpenapiContext, documents: OpenapiDocuments): Promise<OpenapiDocument> {
  const { document, documentUrl } = ctx.parameters;
  if (document !== undefined) return documents.open(document);
  const url = documentUrl as string;
  const key = `openapi_request document ${url}`;
  const kept = await ctx.cache.get(key);
  if (typeof kept === "string") return documents.open(kept);
  const { body } = await callService(ctx, {
    service: "The server of the OpenAPI document",
    method: "GET",
    url,
    headers: { accept: "application/json, application/yaml, text/yaml, */*" },
    isOnce: false,
    maxAnswerBytes: MAX_DOCUMENT_BYTES,
  });
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const opened = documents.open(text);
  await ctx.cache.set(key, text, { ttlMs: DOCUMENT_KEPT_MS });
  return opened;
}

/** A credential that names the origins it is for goes nowhere else, whatever servers a document names. */
async function signInTo(ctx: OpenapiContext, document: OpenapiDocument, parts: RequestParts): Promise<SignIn> {
  const { credential: name } = ctx.parameters;
  if (name === undefined) return NO_SIGN_IN;
  const credential = await ctx.credentials(name);
  const { origins } = credential;
  const { origin } = new URL(serverUrl(document, parts));
  if (origins !== undefined && !(Array.isArray(origins) && origins.includes(origin))) {
    throw new FatalNodeError(
      `The credential "${name}" is not for ${origin}; its field "origins" names where it may be sent.`,
      {
        code: "permission_denied",
      },
    );
  }
  return signIn(document, parts.found.operation, credential, name);
}
