import { testEngine, testNode } from "@automatrix/core/testing";
import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";
import { createEmailSend } from "../email-send/email-send.js";
import { type SesSettings, sesMailer } from "./ses-mailer.js";
import { expectedSignature, signatureIn } from "./test-support/aws-signature.js";
import { type JsonAnswer, openJsonServer, type SeenRequest } from "./test-support/json-server.js";

const keys = { region: "eu-central-1", accessKeyId: "AKIDEXAMPLE", secretAccessKey: "ses-secret" };
const mail = { to: "ada@example.com", subject: "Hello", text: "Good morning." };
const taken = { body: { MessageId: "0107-abc-000000" } };

function mailNode(endpoint: string, more: Partial<SesSettings> = {}) {
  const mailer = sesMailer({ ...keys, endpoint, ...more });
  return createEmailSend({ mailer, mailFrom: "Sales <sales@example.com>" });
}

function send(endpoint: string, parameters: Readonly<Record<string, unknown>> = mail, more: Partial<SesSettings> = {}) {
  return testNode(mailNode(endpoint, more)).parameters(parameters).engine({ http: fetch });
}

interface Submission {
  readonly Destination: Readonly<Record<string, readonly string[]>>;
  readonly Content: { readonly Raw: { readonly Data: string } };
}

function rawIn({ body }: SeenRequest): string {
  return Buffer.from((body as Submission).Content.Raw.Data, "base64").toString("latin1");
}

function refusal(status: number, type: string, message = "No"): JsonAnswer {
  return { status, headers: { "x-amzn-errortype": type }, body: { message } };
}

describe("email_send through SES", () => {
  it("speaks its wire format, signed", async () => {
    await using server = await openJsonServer(() => taken);
    const { status, output } = await send(server.url).run();
    expect(status).toBe("completed");
    expect(output).toEqual({
      messageId: "<0107-abc-000000@eu-central-1.amazonses.com>",
      accepted: ["ada@example.com"],
      rejected: [],
      rejections: [],
      response: "0107-abc-000000",
    });
    await send(`${server.url}/local/`, mail, { sessionToken: "session" }).run();
    const [first, second] = server.requests;
    expect(first).toMatchObject({
      method: "POST",
      url: "/v2/email/outbound-emails",
      headers: { "content-type": "application/json" },
    });
    expect(first?.body).toEqual({
      Destination: { ToAddresses: ["ada@example.com"] },
      Content: { Raw: { Data: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/) } },
    });
    expect(second).toMatchObject({
      url: "/local/v2/email/outbound-emails",
      headers: { "x-amz-security-token": "session" },
    });
    for (const request of server.requests) {
      expect(signatureIn(request)).toBe(expectedSignature(request, { ...keys, service: "ses" }));
    }
  });

  it("goes to the region that it is told", async () => {
    const called: string[] = [];
    const http: typeof fetch = async (url) => {
      called.push(String(url));
      return Response.json(taken.body);
    };
    const mailer = sesMailer({ ...keys, region: "us-east-1" });
    const node = createEmailSend({ mailer, mailFrom: "sales@example.com" });
    const { output } = await testNode(node).parameters(mail).engine({ http }).run();
    expect(called).toEqual(["https://email.us-east-1.amazonaws.com/v2/email/outbound-emails"]);
    expect(output).toMatchObject({ messageId: "<0107-abc-000000@email.amazonses.com>" });
  });

  it("sends text, HTML, copies and headers, in every script", async () => {
    await using server = await openJsonServer(() => taken);
    const { output } = await send(server.url, {
      to: ["Ada Lovelace <ada@example.com>", "grace@example.com"],
      cc: '"Doe, John" <john@example.com>, ADA@example.com',
      bcc: "hidden@example.com, john@example.com",
      replyTo: "Büro <office@example.com>",
      from: "Vertrieb München <sales@münchen.example>",
      subject: "Termin am Dienstag – 你好 🚗",
      text: "Grüße, 你好\n.\nEnd",
      html: "<p>Grüße <b>你好</b></p>",
      headers: { "X-Campaign": "spring" },
    }).run();
    const request = server.requests[0] as SeenRequest;
    expect((request.body as Submission).Destination).toEqual({
      ToAddresses: ["ada@example.com", "grace@example.com"],
      CcAddresses: ["john@example.com"],
      BccAddresses: ["hidden@example.com"],
    });
    const raw = rawIn(request);
    expect(raw).not.toContain("hidden@example.com");
    expect(raw).toMatch(/^[\x20-\x7e\t\r\n]+$/);
    const got = await PostalMime.parse(raw);
    expect(got).toMatchObject({
      subject: "Termin am Dienstag – 你好 🚗",
      from: { name: "Vertrieb München", address: "sales@xn--mnchen-3ya.example" },
      to: [
        { name: "Ada Lovelace", address: "ada@example.com" },
        { name: "", address: "grace@example.com" },
      ],
      replyTo: [{ name: "Büro", address: "office@example.com" }],
    });
    expect(got.cc?.[0]).toMatchObject({ name: "Doe, John", address: "john@example.com" });
    expect(got.text?.trim()).toBe("Grüße, 你好\n.\nEnd");
    expect(got.html).toContain("<b>你好</b>");
    expect(got.headers.find(({ key }) => key === "x-campaign")?.value).toBe("spring");
    expect(output).toMatchObject({
      accepted: ["ada@example.com", "grace@example.com", "john@example.com", "hidden@example.com"],
    });
  });

  it("sends attachments, and images shown in the HTML", async () => {
    await using server = await openJsonServer(() => taken);
    const bytes = Buffer.from([0, 255, 46, 13, 10, 46, 13, 10]);
    await send(server.url, {
      ...mail,
      html: '<img src="cid:logo">',
      attachments: [
        { filename: "übersicht 你好.csv", content: "a;b\n1;2" },
        { filename: "dot.bin", content: bytes.toString("base64"), encoding: "base64" },
        {
          filename: "logo.png",
          content: "iVBORw==",
          encoding: "base64",
          contentType: "image/png",
          contentId: "logo",
        },
      ],
    }).run();
    const { attachments } = await PostalMime.parse(rawIn(server.requests[0] as SeenRequest));
    const contentOf = (name: string) =>
      Buffer.from(attachments.find(({ filename }) => filename === name)?.content as ArrayBuffer);
    expect(contentOf("übersicht 你好.csv").toString()).toBe("a;b\n1;2");
    expect(contentOf("dot.bin").equals(bytes)).toBe(true);
    expect(attachments.find(({ filename }) => filename === "logo.png")).toMatchObject({
      contentId: "<logo>",
      mimeType: "image/png",
    });
  });

  it.each<[JsonAnswer | null, string, string]>([
    [refusal(400, "MessageRejected"), "failed", "service_refused"],
    [refusal(400, "SendingPausedException"), "failed", "service_refused"],
    [refusal(403, "SignatureDoesNotMatch"), "failed", "service_refused"],
    [refusal(400, "ThrottlingException:http://internal.amazon.com/coral/"), "failed", "service_unavailable"],
    [refusal(429, "TooManyRequestsException"), "failed", "service_unavailable"],
    [{ status: 503, headers: { "retry-after": "7" } }, "failed", "service_unavailable"],
    [refusal(500, "InternalFailure"), "waiting", "unknown_outcome"],
    [refusal(503, "ServiceUnavailable"), "waiting", "unknown_outcome"],
    [{ body: "<html>" }, "waiting", "unknown_outcome"],
    [null, "waiting", "unknown_outcome"],
  ])("tells what %j means", async (answer, status, code) => {
    await using server = await openJsonServer(() => answer);
    const result = await send(server.url).run();
    expect(result.status).toBe(status);
    if (status === "failed") expect(result.error?.code).toBe(code);
    expect(JSON.stringify(result)).not.toContain("ses-secret");
    expect(server.requests).toHaveLength(1);
  });

  it("says why SES refused, without the headers that its message quotes", async () => {
    const message = "The signature does not match.\n\nPOST\nx-amz-security-token:session-secret";
    await using server = await openJsonServer(() => refusal(403, "SignatureDoesNotMatch", message));
    const { error, ...result } = await send(server.url, mail, { sessionToken: "session-secret" }).run();
    expect(error?.message).toBe(
      "SES refused the request (status 403, SignatureDoesNotMatch). Check the credential and what it permits.",
    );
    expect(error?.details).toMatchObject({ errorMessage: "The signature does not match." });
    expect(JSON.stringify({ error, result })).not.toContain("session-secret");
  });

  it("may try again when nobody listens", async () => {
    const gone = await openJsonServer(() => taken);
    await gone[Symbol.asyncDispose]();
    const result = await send(gone.url).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "service_unavailable" } });
  });

  it("comes again after it was throttled", async () => {
    await using server = await openJsonServer((_, index) =>
      index === 0 ? refusal(429, "TooManyRequestsException") : taken,
    );
    const result = await send(server.url)
      .settings({ retry: { delaysMs: [0] } })
      .run();
    expect(result).toMatchObject({ status: "completed", attempts: 2 });
  });

  it("waits for a person when SES never answers and the attempt is over", async () => {
    await using server = await openJsonServer(() => undefined);
    await using engine = await testEngine({ nodes: [mailNode(server.url)], http: fetch });
    const handle = await engine.execute({
      nodes: [{ id: "mail", type: "email_send", data: mail, attemptTimeoutMs: 5_000 }],
    });
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await engine.advance("6s");
    expect((await engine.getExecution(handle.id)).blocked?.code).toBe("unknown_outcome");
    expect(server.requests).toHaveLength(1);
  });

  it("hangs up soon after it was told to stop", async () => {
    const stop = new AbortController();
    await using server = await openJsonServer(() => {
      stop.abort(new Error("stopped"));
      return undefined;
    });
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const message = {
      messageId: "<a@example.com>",
      from: { address: "sales@example.com" },
      to: [{ address: "ada@example.com" }],
      cc: [],
      bcc: [],
      replyTo: [],
      subject: "Hello",
      text: "Good morning.",
      attachments: [],
      headers: {},
    };
    const call = { http: fetch, signal: stop.signal, clock: { now: () => 0 }, logger, idempotencyKey: "a" };
    await expect(sesMailer({ ...keys, endpoint: server.url }).send(message, call as never)).rejects.toThrow("stopped");
    expect(server.requests).toHaveLength(1);
  });
});
