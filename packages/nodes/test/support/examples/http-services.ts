import type { HttpFetch } from "@automatrix/core/testing";

/** A request that a stand-in got. */
interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | null;
  /** Parsed JSON, else the text. */
  readonly body: unknown;
}

type Answer = (request: SeenRequest) => Response;

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const ARTICLE = `<html><head><title>Brake fluid</title></head><body><nav>Home</nav><article><h1>Brake fluid</h1>
<p>${"Brake fluid takes up water, so it is changed every two years. ".repeat(10)}</p></article></body></html>`;

/** As the Petstore itself declares this operation. */
const PETSTORE = {
  openapi: "3.0.4",
  info: { title: "Swagger Petstore", version: "1.0.27" },
  servers: [{ url: "/api/v3" }],
  paths: {
    "/pet/{petId}": {
      get: {
        operationId: "getPetById",
        parameters: [{ name: "petId", in: "path", required: true, schema: { type: "integer", format: "int64" } }],
        responses: { "200": { description: "successful operation" } },
        security: [{ api_key: [] }, { petstore_auth: ["write:pets", "read:pets"] }],
      },
    },
  },
  components: { securitySchemes: { api_key: { type: "apiKey", name: "api_key", in: "header" } } },
};

/** What the services of the examples answer, by method and address without the query. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  "POST https://api.example.com/orders": () => Response.json({ id: "4711" }, { status: 201 }),
  "POST https://api.example.com/graphql": () => Response.json({ data: { order: { total: 250 } } }),
  "POST https://slack.com/api/chat.postMessage": () =>
    Response.json({ ok: true, channel: "C1", ts: "1735689600.0001" }),
  "POST https://fcm.googleapis.com/v1/projects/garage/messages:send": () =>
    Response.json({ name: "projects/garage/messages/1" }),
  "POST https://api.openai.com/v1/embeddings": toEmbeddings,
  "POST https://api.openai.com/v1/moderations": () =>
    Response.json({
      id: "modr-1",
      model: "omni-moderation-latest",
      results: [{ flagged: false, categories: { hate: false }, category_scores: { hate: 0.01 } }],
    }),
  "POST https://api.stability.ai/v2beta/stable-image/generate/core": () => new Response(PNG),
  "GET https://s.jina.ai/": () =>
    Response.json({
      data: [{ title: "Brake fluid", url: "https://example.com/article", description: "Every two years." }],
    }),
  "GET https://example.com/article": () => new Response(ARTICLE, { headers: { "content-type": "text/html" } }),
  "POST https://api.hubapi.com/crm/v3/objects/contacts/batch/upsert": () =>
    Response.json({ status: "COMPLETE", results: [{ id: "51", properties: { firstname: "Ada" }, new: true }] }),
  "POST https://login.salesforce.com/services/oauth2/token": () =>
    Response.json({ access_token: "salesforce-token", instance_url: "https://garage.my.salesforce.com" }),
  "GET https://garage.my.salesforce.com/services/data/v62.0/query": () =>
    Response.json({ totalSize: 1, done: true, records: [{ Id: "003", Name: "Ada Lovelace" }] }),
  "GET https://dms.example/v1/vehicles": () => Response.json({ data: [{ id: 1, status: "in_stock" }] }),
  "GET https://petstore3.swagger.io/api/v3/openapi.json": () => Response.json(PETSTORE),
  "GET https://petstore3.swagger.io/api/v3/pet/7": () => Response.json({ id: 7, name: "Rex", status: "available" }),
};

/** The services that the examples call. Only what is at `realOrigin` goes over the network. */
export class HttpServices {
  readonly requests: SeenRequest[] = [];
  /** Requests that no stand-in answers; nodes translate what these throw. */
  readonly unexpected: string[] = [];
  readonly #realOrigin: string;

  constructor({ realOrigin }: { readonly realOrigin: string }) {
    this.#realOrigin = realOrigin;
  }

  readonly fetch: HttpFetch = async (url, init) => {
    const { origin, pathname, href } = new URL(url);
    if (origin === this.#realOrigin) return fetch(url, init);
    const request = await readRequest(href, init);
    this.requests.push(request);
    const answer = ANSWERS[`${request.method} ${origin}${pathname}`];
    if (answer !== undefined) return answer(request);
    this.unexpected.push(`${request.method} ${href}`);
    throw new Error(`No stand-in answers ${request.method} ${href}.`);
  };
}

async function readRequest(url: string, init: RequestInit = {}): Promise<SeenRequest> {
  const { method, headers } = new Request(url, init);
  const text = await new Response(init.body ?? null).text();
  return { method, url, authorization: headers.get("authorization"), body: parseBody(text) };
}

function parseBody(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function toEmbeddings({ body }: SeenRequest): Response {
  const { input } = body as { readonly input: readonly string[] };
  const data = input.map((text, index) => ({ object: "embedding", index, embedding: [text.length, 1] }));
  return Response.json({ object: "list", data, usage: { prompt_tokens: 6, total_tokens: 6 } });
}
