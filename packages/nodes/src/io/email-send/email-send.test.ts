import { memoryStorage } from "@automatrix/core/memory";
import { testEngine, testNode } from "@automatrix/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consoleMailer } from "../messaging/console-mailer.js";
import { sendGridMailer } from "../messaging/send-grid-mailer.js";
import { smtpMailer } from "../messaging/smtp-mailer.js";
import { openJsonServer } from "../messaging/test-support/json-server.js";
import { openMailServer, openScriptedMailServer } from "../messaging/test-support/mail-server.js";
import { createEmailSend } from "./email-send.js";

const emailSend = createEmailSend();
const mail = { to: "ada@example.com", subject: "Hello", text: "Good morning." };

function send(credential: unknown, parameters: Readonly<Record<string, unknown>> = mail, node = emailSend) {
  return testNode(node)
    .parameters(parameters)
    .credentials({ smtp: credential as Record<string, unknown> })
    .engine({ http: fetch });
}

/** Answers as a server that takes every mail, but for what the test gives. */
function serverThat(special: (line: string, isData: boolean) => string | null | undefined) {
  return openScriptedMailServer((line, { isData }) => {
    const answer = special(line, isData);
    if (answer !== undefined) return answer === "" ? undefined : answer;
    if (isData) return "250 taken";
    if (line.startsWith("EHLO")) return "250 test";
    if (line === "DATA") return "354 go on";
    return line === "QUIT" ? "221 bye" : "250 ok";
  });
}

describe("email_send", () => {
  it("sends text, HTML, copies and headers, in every script", async () => {
    await using server = await openMailServer();
    const { status, output } = await send(server.credential, {
      to: ["Ada Lovelace <ada@example.com>", { address: "grace@example.com", name: "Grace, Hopper" }],
      cc: '"Doe, John" <john@example.com>, jane@example.com',
      bcc: "hidden@example.com",
      replyTo: "Büro <office@example.com>",
      from: "Vertrieb München <sales@example.com>",
      subject: "Termin am Dienstag – 你好 🚗",
      text: "Grüße, 你好\n.\n..\nEnd",
      html: "<p>Grüße <b>你好</b></p>",
      headers: { "X-Campaign": "spring" },
    }).run();
    expect(status).toBe("completed");
    const [got] = server.received;
    expect(got?.from).toBe("sales@example.com");
    const everyone = [
      "ada@example.com",
      "grace@example.com",
      "john@example.com",
      "jane@example.com",
      "hidden@example.com",
    ];
    expect(got?.to).toEqual(everyone);
    expect(got?.mail).toMatchObject({
      subject: "Termin am Dienstag – 你好 🚗",
      from: { name: "Vertrieb München", address: "sales@example.com" },
      to: [
        { name: "Ada Lovelace", address: "ada@example.com" },
        { name: "Grace, Hopper", address: "grace@example.com" },
      ],
      cc: [
        { name: "Doe, John", address: "john@example.com" },
        { name: "", address: "jane@example.com" },
      ],
      replyTo: [{ name: "Büro", address: "office@example.com" }],
    });
    expect(got?.mail.text?.trim()).toBe("Grüße, 你好\n.\n..\nEnd");
    expect(got?.mail.html).toContain("<b>你好</b>");
    expect(got?.mail.headers.find(({ key }) => key === "x-campaign")?.value).toBe("spring");
    expect(got?.raw).not.toContain("hidden@example.com");
    expect(output).toMatchObject({ accepted: everyone, rejected: [], rejections: [], messageId: got?.mail.messageId });
  });

  it("sends attachments from text, base64 and blobs, and images shown in the HTML", async () => {
    await using server = await openMailServer();
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 31) % 256);
    const stored = memoryStorage();
    await using engine = await testEngine({
      nodes: [emailSend],
      storage: stored,
      secrets: { get: async () => server.credential },
      blobs: {
        put: () => Promise.reject(new Error("not used")),
        get: async () => bytes,
        delete: async () => undefined,
      },
    });
    const { status } = await engine.run({
      nodes: [
        {
          id: "mail",
          type: "email_send",
          data: {
            ...mail,
            html: '<img src="cid:logo">',
            attachments: [
              { filename: "übersicht 你好.csv", content: "a;b\n1;2" },
              {
                filename: "dot.bin",
                content: Buffer.from([0, 255, 46, 13, 10, 46, 13, 10]).toString("base64"),
                encoding: "base64",
              },
              {
                filename: "big.bin",
                content: { $blob: "x", bytes: bytes.length, contentType: "application/octet-stream" },
              },
              {
                filename: "logo.png",
                content: "iVBORw==",
                encoding: "base64",
                contentType: "image/png",
                contentId: "logo",
              },
            ],
          },
        },
      ],
    });
    expect(status).toBe("completed");
    const attachments = server.received[0]?.mail.attachments ?? [];
    const contents = Object.fromEntries(
      attachments.map(({ filename, content }) => [filename, Buffer.from(content as ArrayBuffer)]),
    );
    expect(contents["übersicht 你好.csv"]?.toString()).toBe("a;b\n1;2");
    expect([...(contents["dot.bin"] ?? [])]).toEqual([0, 255, 46, 13, 10, 46, 13, 10]);
    expect(contents["big.bin"]?.equals(Buffer.from(bytes))).toBe(true);
    expect(attachments.find(({ filename }) => filename === "logo.png")).toMatchObject({
      contentId: "<logo>",
      mimeType: "image/png",
    });
  });

  it.each([
    ["to", "ada@example.com\r\nBcc: eve@example.com"],
    ["to", "Ada\r\nBcc: eve@example.com <ada@example.com>"],
    ["to", { address: "ada@example.com", name: "Ada\nX-Evil: 1" }],
    ["to", "ada@example.com>\r\nRCPT TO:<eve@example.com"],
    ["from", "sales@example.com\r\nDATA"],
    ["replyTo", "a@example.com\nX: y"],
    ["subject", "Hello\r\nBcc: eve@example.com"],
    ["subject", "Hello\u2028x"],
    ["headers", { "X-A": "b\r\nX-C: d" }],
    ["headers", { "X-A\r\nX-C": "d" }],
    ["headers", { Bcc: "eve@example.com" }],
    ["attachments", [{ filename: "a\r\nContent-Type: text/html", content: "x" }]],
    ["attachments", [{ filename: "a.txt", content: "x", contentType: "text/html\r\nX: y" }]],
    ["to", "nobody"],
    ["to", "a@b@c <x>"],
    ["to", "a b@example.com"],
    ["to", `${"a".repeat(65)}@example.com`],
    ["to", "ada@-example.com"],
  ])("refuses %s: %j", async (field, value) => {
    await using server = await openMailServer();
    const given = send(server.credential, { ...mail, [field]: "{{input.value}}" }).input({ value });
    const { status, error } = await given.run();
    expect(status).toBe("failed");
    expect(error?.code).toBe("invalid_parameters");
    expect(server.received).toEqual([]);
  });

  it("never lets a text of whatever kind become a header or a recipient", async () => {
    await using server = await openMailServer();
    const piece = fc.constantFrom(
      "a",
      "é",
      "\r",
      "\n",
      "\u2028",
      "\0",
      "<",
      ">",
      ",",
      '"',
      "\\",
      ":",
      "=?utf-8?q?=0D=0ABcc:_x?=",
      "Bcc: eve@example.com",
    );
    const text = fc.array(piece, { maxLength: 6 }).map((parts) => parts.join(""));
    await fc.assert(
      fc.asyncProperty(text, text, async (name, subject) => {
        server.received.length = 0;
        const parameters = {
          ...mail,
          to: { address: "ada@example.com", name: "{{input.name}}" },
          subject: "{{input.subject}}",
        };
        const { status } = await send(server.credential, parameters).input({ name, subject }).run();
        if (status !== "completed") return;
        const [got] = server.received;
        expect(got?.to).toEqual(["ada@example.com"]);
        expect(got?.mail.bcc ?? []).toEqual([]);
        expect(got?.mail.headers.map(({ key }) => key).filter((key) => key === "bcc")).toEqual([]);
        expect(got?.mail.to?.map(({ address }) => address)).toEqual(["ada@example.com"]);
      }),
      { numRuns: 40 },
    );
  });

  it("bounds recipients and attachments, and says so without asking a person", async () => {
    await using server = await openMailServer();
    const node = createEmailSend({ maxRecipients: 2, maxAttachmentBytes: 10 });
    const many = await send(server.credential, { ...mail, to: ["a@x.de", "b@x.de"], bcc: "c@x.de" }, node).run();
    expect(many).toMatchObject({ status: "failed", error: { code: "invalid_input" } });
    const attachments = [{ filename: "a", content: "12345678901" }];
    const large = await send(server.credential, { ...mail, attachments }, node).run();
    expect(large).toMatchObject({ status: "failed", error: { code: "invalid_input" } });
    const lying = [{ filename: "a", content: { $blob: "x", bytes: 999_999, contentType: "a/b" } }];
    expect(await send(server.credential, { ...mail, attachments: lying }, node).run()).toMatchObject({
      status: "failed",
    });
    expect(server.received).toEqual([]);
  });

  it("counts an address given twice once", async () => {
    await using server = await openMailServer();
    await send(server.credential, { ...mail, to: ["ada@example.com", "ADA@example.com"], cc: "ada@example.com" }).run();
    expect(server.received[0]?.to).toEqual(["ada@example.com"]);
  });

  it("reports recipients that were refused while others were accepted", async () => {
    await using server = await openMailServer({
      onRcptTo({ address }, _session, done) {
        if (address.startsWith("gone")) return done(Object.assign(new Error("no such user"), { responseCode: 550 }));
        if (address.startsWith("later")) return done(Object.assign(new Error("greylisted"), { responseCode: 451 }));
        return done();
      },
    });
    const to = ["ada@example.com", "gone@example.com", "later@example.com"];
    const { output } = await send(server.credential, { ...mail, to }).run();
    expect(output).toMatchObject({
      accepted: ["ada@example.com"],
      rejected: ["gone@example.com", "later@example.com"],
      rejections: [
        { address: "gone@example.com", status: 550, isTemporary: false },
        { address: "later@example.com", status: 451, isTemporary: true },
      ],
    });
  });

  it.each([
    [550, "failed", "service_refused"],
    [451, "failed", "service_unavailable"],
  ])("fails with what status %i means when nobody was accepted", async (responseCode, status, code) => {
    await using server = await openMailServer({
      onRcptTo: (_address, _session, done) => done(Object.assign(new Error("no"), { responseCode })),
    });
    const result = await send(server.credential).run();
    expect(result).toMatchObject({ status, error: { code } });
    expect(result.error?.message).not.toContain("ada@example.com");
  });

  it("comes again after greylisting, with the same Message-ID", async () => {
    let refusals = 2;
    await using server = await openMailServer({
      onRcptTo: (_address, _session, done) =>
        refusals-- > 0 ? done(Object.assign(new Error("greylisted"), { responseCode: 451 })) : done(),
    });
    const run = () =>
      send(server.credential)
        .settings({ retry: { delaysMs: [0, 0, 0] } })
        .run();
    const result = await run();
    expect(result).toMatchObject({ status: "completed", attempts: 3 });
    expect(server.received).toHaveLength(1);
    expect(server.received[0]?.mail.messageId).toMatch(/^<[0-9a-f]{40}@example\.com>$/);
  });

  it.each([
    ["before the greeting is over", (line: string) => (line.startsWith("EHLO") ? null : undefined)],
    ["at the sender", (line: string) => (line.startsWith("MAIL") ? null : undefined)],
    ["at DATA", (line: string) => (line === "DATA" ? null : undefined)],
  ])("may try again when the server drops the connection %s", async (_, special) => {
    await using server = await serverThat(special);
    const result = await send(server.credential).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "service_unavailable" } });
  });

  it("may try again after a refusal at the end of the data that will pass, and not after one that will not", async () => {
    await using busy = await serverThat((_, isData) => (isData ? "452 no room" : undefined));
    expect(await send(busy.credential).run()).toMatchObject({
      status: "failed",
      error: { code: "service_unavailable" },
    });
    await using strict = await serverThat((_, isData) => (isData ? "554 spam" : undefined));
    const result = await send(strict.credential)
      .settings({ retry: { maxAttempts: 3, delaysMs: [0] } })
      .run();
    expect(result).toMatchObject({ status: "failed", attempts: 1, error: { code: "service_refused" } });
  });

  it("waits for a person when the answer to the data was lost, and never sends again by itself", async () => {
    await using server = await serverThat((_, isData) => (isData ? null : undefined));
    const result = await send(server.credential)
      .settings({ retry: { maxAttempts: 5, delaysMs: [0] } })
      .run();
    expect(result.status).toBe("waiting");
    expect(server.connections).toBe(1);
  });

  it("waits for a person when the server never answers the data and the attempt is over", async () => {
    await using server = await serverThat((_, isData) => (isData ? "" : undefined));
    await using engine = await testEngine({ nodes: [emailSend], secrets: { get: async () => server.credential } });
    const handle = await engine.execute({
      nodes: [{ id: "mail", type: "email_send", data: mail, attemptTimeoutMs: 5_000 }],
    });
    while (!server.lines.includes(".")) await new Promise((resolve) => setTimeout(resolve, 5));
    await engine.advance("6s");
    expect((await engine.getExecution(handle.id)).blocked?.code).toBe("unknown_outcome");
    await engine.resolveUnknown(handle.id, "mail", {
      output: { messageId: "<a@example.com>", accepted: ["ada@example.com"], rejected: [], rejections: [] },
    });
    expect((await handle.result()).status).toBe("completed");
    expect(server.connections).toBe(1);
  });

  it("may try again when nobody listens", async () => {
    const result = await send({ host: "127.0.0.1", port: 1, from: "a@example.com" }).run();
    expect(result).toMatchObject({ status: "failed", error: { code: "service_unavailable" } });
  });

  it("signs in, and keeps the password out of what it says when that fails", async () => {
    await using server = await openMailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        username === "robot" && password === "correct horse"
          ? done(null, { user: username })
          : done(Object.assign(new Error("no"), { responseCode: 535 })),
    });
    const good = { ...server.credential, username: "robot", password: "correct horse" };
    expect((await send(good).run()).status).toBe("completed");
    const bad = await send({ ...good, password: "battery staple" }).run();
    expect(bad).toMatchObject({ status: "failed", attempts: 1, error: { code: "service_refused" } });
    expect(JSON.stringify(bad)).not.toContain("battery staple");
  });

  it("does not hand a password to a server without TLS unless it is this machine or was told to", async () => {
    await using server = await openMailServer();
    const credential = { ...server.credential, encryption: "starttls", username: "robot", password: "secret words" };
    const result = await send(credential).run();
    expect(result.status).toBe("failed");
    expect(server.received).toEqual([]);
  });

  it("names what is not configured, and fails at once", async () => {
    const missing = await testNode(emailSend).parameters(mail).run();
    expect(missing).toMatchObject({ status: "failed", error: { code: "credential_not_found" } });
    expect(await send({ port: 25 }).run()).toMatchObject({ status: "failed", error: { code: "not_configured" } });
    const nobody = await send({ host: "127.0.0.1" }).run();
    expect(nobody).toMatchObject({ status: "failed", error: { code: "not_configured" } });
  });

  it("shares a bounded number of connections to a server", async () => {
    let open = 0;
    let most = 0;
    await using server = await openMailServer({
      onConnect: (_session, done) => {
        open += 1;
        most = Math.max(most, open);
        done();
      },
      onClose: () => {
        open -= 1;
      },
    });
    const node = createEmailSend({ maxSmtpConnections: 3 });
    await using engine = await testEngine({ nodes: [node], secrets: { get: async () => server.credential } });
    const nodes = Array.from({ length: 12 }, (_, index) => ({ id: `m${index}`, type: "email_send", data: mail }));
    expect((await engine.run({ nodes })).status).toBe("completed");
    expect(server.received).toHaveLength(12);
    expect(new Set(server.received.map((got) => got.mail.messageId)).size).toBe(12);
    expect(most).toBeLessThanOrEqual(6);
  });

  it("hands mails to the operator's mailer, and to SMTP where the node names a credential", async () => {
    await using server = await openMailServer();
    const node = createEmailSend({ mailer: consoleMailer(), mailFrom: "robot@example.com" });
    const logged = await testNode(node).parameters(mail).run();
    expect(logged.status).toBe("completed");
    expect(logged.logs[0]?.message).toMatch(/in place of being sent/);
    expect(JSON.stringify(logged.logs)).not.toContain("Good morning.");
    await testNode(node)
      .parameters({ ...mail, credential: "own" })
      .credentials({ own: server.credential })
      .run();
    expect(server.received).toHaveLength(1);
  });

  it("takes the mailer's sender where nobody names one", async () => {
    const logged = await testNode(createEmailSend({ mailer: consoleMailer() }))
      .parameters(mail)
      .run();
    expect(logged).toMatchObject({ status: "completed", output: { messageId: expect.stringMatching(/@localhost>$/) } });
    await using server = await openMailServer({
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(null, { user: "x" }),
    });
    const account = { ...server.credential, from: undefined, username: "ada@example.com", password: "correct horse" };
    expect((await send(account).run()).status).toBe("completed");
    const settings = { host: "127.0.0.1", port: Number(server.credential["port"]), encryption: "none" } as const;
    const operators = createEmailSend({ mailer: smtpMailer({ ...settings, from: "Sales <sales@example.com>" }) });
    expect((await testNode(operators).parameters(mail).run()).status).toBe("completed");
    expect(server.received.map(({ from }) => from)).toEqual(["ada@example.com", "sales@example.com"]);
    const nobody = createEmailSend({ mailer: smtpMailer({ ...settings, username: "apikey" }) });
    expect((await testNode(nobody).parameters(mail).run()).error?.code).toBe("not_configured");
  });
});

describe("email_send through SendGrid", () => {
  const through = (url: string) =>
    testNode(
      createEmailSend({ mailer: sendGridMailer({ apiKey: "SG.secret", baseUrl: url }), mailFrom: "a@example.com" }),
    )
      .parameters({
        ...mail,
        cc: "ada@example.com, bob@example.com",
        attachments: [{ filename: "a.txt", content: "hi" }],
      })
      .engine({ http: fetch });

  it("speaks its wire format", async () => {
    await using server = await openJsonServer(() => ({ status: 202 }));
    const { status, output } = await through(server.url).run();
    expect(status).toBe("completed");
    expect(server.requests[0]).toMatchObject({
      url: "/v3/mail/send",
      headers: { authorization: "Bearer SG.secret" },
      body: {
        personalizations: [{ to: [{ email: "ada@example.com" }], cc: [{ email: "bob@example.com" }] }],
        from: { email: "a@example.com" },
        subject: "Hello",
        content: [{ type: "text/plain", value: "Good morning." }],
        attachments: [{ content: Buffer.from("hi").toString("base64"), filename: "a.txt" }],
        headers: { "Message-ID": (output as { messageId: string }).messageId },
      },
    });
  });

  it.each([
    [400, {}, "failed", "service_refused"],
    [429, { "retry-after": "7" }, "failed", "service_unavailable"],
    [500, {}, "waiting", "unknown_outcome"],
    [503, {}, "waiting", "unknown_outcome"],
    [503, { "retry-after": "7" }, "failed", "service_unavailable"],
    [302, { location: "http://127.0.0.1:1/" }, "failed", "service_refused"],
  ])("tells what status %i %j means", async (status, headers, ending, code) => {
    await using server = await openJsonServer(() => ({ status, headers, body: { errors: [{ message: "no" }] } }));
    const result = await through(server.url).run();
    expect(result.status).toBe(ending);
    if (ending === "failed") expect(result.error?.code).toBe(code);
    expect(JSON.stringify(result)).not.toContain("SG.secret");
  });
});
