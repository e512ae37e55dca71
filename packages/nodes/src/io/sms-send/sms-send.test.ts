import { testEngine, testNode } from "@automatrix/core/testing";
import { describe, expect, it, vi } from "vitest";
import { consoleSmsSender } from "../messaging/console-sms-sender.js";
import { type SnsSettings, snsSmsSender } from "../messaging/sns-sms-sender.js";
import { expectedSignature, signatureIn } from "../messaging/test-support/aws-signature.js";
import { type JsonAnswer, openJsonServer } from "../messaging/test-support/json-server.js";
import { createSmsSend } from "./sms-send.js";

const smsSend = createSmsSend();
const twilio = { accountSid: "AC123", authToken: "twilio-secret", from: "+15005550006" };
const sms = { to: "+49 (170) 123-4567", text: "Your car is ready & waiting 🚗" };

function send(baseUrl: string, parameters: Readonly<Record<string, unknown>> = sms, credential = {}) {
  return testNode(smsSend)
    .parameters(parameters)
    .credentials({ twilio: { ...twilio, baseUrl, ...credential } })
    .engine({ http: fetch });
}

describe("sms_send", () => {
  it("speaks Twilio's wire format", async () => {
    await using server = await openJsonServer(() => ({
      status: 201,
      body: { sid: "SM1", status: "queued", num_segments: "2" },
    }));
    const { status, output } = await send(server.url).run();
    expect(status).toBe("completed");
    expect(output).toEqual({ id: "SM1", status: "queued", segments: 2, to: "+491701234567" });
    const [request] = server.requests;
    expect(request).toMatchObject({ method: "POST", url: "/2010-04-01/Accounts/AC123/Messages.json" });
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from("AC123:twilio-secret").toString("base64")}`);
    expect(Object.fromEntries(new URLSearchParams(request?.text))).toEqual({
      To: "+491701234567",
      Body: sms.text,
      From: "+15005550006",
    });
  });

  it("prefers the sender of the node, then the messaging service", async () => {
    await using server = await openJsonServer(() => ({ status: 201, body: { sid: "SM1", status: "queued" } }));
    await send(server.url, { ...sms, from: "Autohaus" }, { messagingServiceSid: "MG1" }).run();
    await send(server.url, sms, { messagingServiceSid: "MG1" }).run();
    const sent = server.requests.map(({ text }) => new URLSearchParams(text));
    expect(sent[0]?.get("From")).toBe("Autohaus");
    expect(sent[1]?.get("MessagingServiceSid")).toBe("MG1");
  });

  it.each<[string, JsonAnswer | null, string, string]>([
    [
      "a wrong number",
      { status: 400, body: { code: 21211, message: "The 'To' number +49170 is invalid." } },
      "failed",
      "service_refused",
    ],
    ["a wrong token", { status: 401, body: { code: 20003 } }, "failed", "service_refused"],
    [
      "too many requests",
      { status: 429, headers: { "retry-after": "3" }, body: { code: 20429 } },
      "failed",
      "service_unavailable",
    ],
    ["a fault of the server", { status: 500, body: "<html>" }, "waiting", "unknown_outcome"],
    ["a lost answer", null, "waiting", "unknown_outcome"],
    ["an answer that says nothing", { status: 201, body: "thanks" }, "waiting", "unknown_outcome"],
  ])("tells what %s means", async (_, answer, status, code) => {
    await using server = await openJsonServer(() => answer);
    const result = await send(server.url).run();
    expect(result.status).toBe(status);
    if (status === "failed") expect(result.error?.code).toBe(code);
    expect(result.error?.message ?? "").not.toContain("+49170");
    expect(JSON.stringify(result)).not.toContain("twilio-secret");
    expect(server.requests).toHaveLength(1);
  });

  it("waits as long as Twilio asks before it tries again", async () => {
    await using server = await openJsonServer((_, index) =>
      index === 0
        ? { status: 429, headers: { "retry-after": "90" } }
        : { status: 201, body: { sid: "SM1", status: "queued" } },
    );
    const credential = { ...twilio, baseUrl: server.url };
    await using engine = await testEngine({ nodes: [smsSend], secrets: { get: async () => credential }, http: fetch });
    const retry = { delaysMs: [1_000] };
    const handle = await engine.execute({ nodes: [{ id: "sms", type: "sms_send", data: sms, retry }] });
    const statusOfNode = async () => (await engine.getNodeExecutions(handle.id))[0]?.status;
    await vi.waitFor(async () => expect(await statusOfNode()).toBe("waiting"));
    await engine.advance("80s");
    expect(server.requests).toHaveLength(1);
    await engine.advance("11s");
    expect((await handle.result()).status).toBe("completed");
    expect(server.requests).toHaveLength(2);
  });

  it("may try again when Twilio cannot be reached", async () => {
    const gone = await openJsonServer(() => ({}));
    await gone[Symbol.asyncDispose]();
    const result = await send(gone.url).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "service_unavailable" } });
  });

  it.each(["0170 1234567", "+1", "+0123456789", "+49170x", "+49170\r\n1234567"])(
    "refuses the number %j",
    async (to) => {
      await using server = await openJsonServer(() => ({}));
      const result = await send(server.url, { ...sms, to: "{{input.to}}" })
        .input({ to })
        .run();
      if (to.includes("\r")) return expect(server.requests[0]?.text ?? "").not.toContain("\n");
      expect(result).toMatchObject({ status: "failed", error: { code: "invalid_parameters" } });
      return expect(server.requests).toEqual([]);
    },
  );

  it("hands texts to the operator's sender without logging them", async () => {
    const { status, logs } = await testNode(createSmsSend({ smsSender: consoleSmsSender() }))
      .parameters(sms)
      .run();
    expect(status).toBe("completed");
    expect(JSON.stringify(logs)).not.toContain("ready");
  });

  it("names the field of the credential that is missing", async () => {
    const result = await testNode(smsSend)
      .parameters(sms)
      .credentials({ twilio: { accountSid: "AC1" } })
      .run();
    expect(result).toMatchObject({ status: "failed", error: { code: "not_configured" } });
    expect(result.error?.message).toContain("authToken");
  });
});

describe("sms_send through SNS", () => {
  const keys = { region: "eu-central-1", accessKeyId: "AKIDEXAMPLE", secretAccessKey: "sns-secret" };
  const published = {
    body: "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>",
  };
  const refused = (status: number, code: string) => ({
    status,
    body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>No</Message></Error></ErrorResponse>`,
  });
  const through = (
    endpoint: string,
    parameters: Readonly<Record<string, unknown>> = sms,
    more: Partial<SnsSettings> = {},
  ) =>
    testNode(createSmsSend({ smsSender: snsSmsSender({ ...keys, endpoint, ...more }) }))
      .parameters(parameters)
      .engine({ http: fetch })
      .run();

  it("speaks its wire format, signed", async () => {
    await using server = await openJsonServer(() => published);
    expect((await through(server.url)).output).toEqual({ id: "m-1", status: "accepted", to: "+491701234567" });
    await through(
      `${server.url}/local/`,
      { ...sms, from: "Autohaus" },
      { sessionToken: "session", from: "+4930123456" },
    );
    await through(server.url, sms, { from: "+4930123456" });
    const [first, second, third] = server.requests.map(({ text }) => Object.fromEntries(new URLSearchParams(text)));
    expect(first).toEqual({
      Action: "Publish",
      Version: "2010-03-31",
      PhoneNumber: "+491701234567",
      Message: sms.text,
    });
    expect(second).toMatchObject({
      "MessageAttributes.entry.1.Name": "AWS.SNS.SMS.SenderID",
      "MessageAttributes.entry.1.Value.DataType": "String",
      "MessageAttributes.entry.1.Value.StringValue": "Autohaus",
    });
    expect(third).toMatchObject({
      "MessageAttributes.entry.1.Name": "AWS.MM.SMS.OriginationNumber",
      "MessageAttributes.entry.1.Value.StringValue": "+4930123456",
    });
    expect(server.requests[1]).toMatchObject({ url: "/local/", headers: { "x-amz-security-token": "session" } });
    for (const request of server.requests)
      expect(signatureIn(request)).toBe(expectedSignature(request, { ...keys, service: "sns" }));
  });

  it.each<[JsonAnswer | null, string, string]>([
    [refused(400, "InvalidParameter"), "failed", "service_refused"],
    [refused(403, "SignatureDoesNotMatch"), "failed", "service_refused"],
    [refused(400, "Throttling"), "failed", "service_unavailable"],
    [refused(429, "Throttled"), "failed", "service_unavailable"],
    [refused(500, "InternalError"), "waiting", "unknown_outcome"],
    [{ body: "<html>" }, "waiting", "unknown_outcome"],
    [null, "waiting", "unknown_outcome"],
  ])("tells what %j means", async (answer, status, code) => {
    await using server = await openJsonServer(() => answer);
    const result = await through(server.url);
    expect(result.status).toBe(status);
    if (status === "failed") expect(result.error?.code).toBe(code);
    expect(JSON.stringify(result)).not.toContain("sns-secret");
    expect(server.requests).toHaveLength(1);
  });
});
