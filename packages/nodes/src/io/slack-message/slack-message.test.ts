import { testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { openJsonServer } from "../messaging/test-support/json-server.js";
import { slackMessage } from "./slack-message.js";

const post = { channel: "C1", text: "A new lead", blocks: [{ type: "divider" }], threadTs: "1712.0001" };

function send(credential: Readonly<Record<string, unknown>>, parameters: Readonly<Record<string, unknown>> = post) {
  return testNode(slackMessage).parameters(parameters).credentials({ slack: credential }).engine({ http: fetch });
}

describe("slack_message", () => {
  it("posts with a bot's token", async () => {
    await using server = await openJsonServer(() => ({ body: { ok: true, channel: "C1", ts: "1712.0002" } }));
    const { output } = await send({ token: "xoxb-secret", baseUrl: server.url }).run();
    expect(output).toEqual({ ok: true, channel: "C1", ts: "1712.0002" });
    expect(server.requests[0]).toMatchObject({
      method: "POST",
      url: "/chat.postMessage",
      headers: { authorization: "Bearer xoxb-secret" },
      body: { channel: "C1", text: "A new lead", blocks: [{ type: "divider" }], thread_ts: "1712.0001" },
    });
  });

  it("posts to an incoming webhook", async () => {
    await using server = await openJsonServer(() => ({ headers: { "content-type": "text/html" }, body: "ok" }));
    const { output } = await send({ webhookUrl: `${server.url}/services/T/B/secret` }, { text: "Hi" }).run();
    expect(output).toEqual({ ok: true, channel: null, ts: null });
    expect(server.requests[0]).toMatchObject({ url: "/services/T/B/secret", body: { text: "Hi" } });
  });

  it("takes a credential that is a plain text for a token or the address of a webhook", async () => {
    await using server = await openJsonServer(({ url }) => ({
      body: url === "/hook" ? "ok" : { ok: true, channel: "C1", ts: "1712.0002" },
    }));
    await send({ value: "xoxb-secret", baseUrl: server.url }).run();
    await send({ value: `${server.url}/hook` }).run();
    expect(server.requests.map(({ url, headers }) => [url, headers.authorization])).toEqual([
      ["/chat.postMessage", "Bearer xoxb-secret"],
      ["/hook", undefined],
    ]);
  });

  it.each([
    [200, { ok: false, error: "channel_not_found" }, "failed", "service_refused"],
    [200, { ok: false, error: "invalid_auth" }, "failed", "service_refused"],
    [200, { ok: false, error: "ratelimited" }, "failed", "service_unavailable"],
    [200, { ok: false, error: "internal_error" }, "waiting", "unknown_outcome"],
    [200, { ok: false, error: 'x"<script>' }, "failed", "service_refused"],
    [200, "<html>", "waiting", "unknown_outcome"],
    [429, { ok: false, error: "ratelimited" }, "failed", "service_unavailable"],
    [404, "no_service", "failed", "service_refused"],
    [500, "", "waiting", "unknown_outcome"],
  ])("tells what %i %j means", async (status, body, ending, code) => {
    await using server = await openJsonServer(() => ({ status, body }));
    const result = await send({ token: "xoxb-secret", baseUrl: server.url }).run();
    expect(result.status).toBe(ending);
    if (ending === "failed") expect(result.error?.code).toBe(code);
    expect(JSON.stringify(result)).not.toContain("xoxb-secret");
    expect(result.error?.message ?? "").not.toContain("<script>");
  });

  it("refuses what cannot be posted, without asking a person", async () => {
    const withoutChannel = await send({ token: "xoxb-1", baseUrl: "http://127.0.0.1:1" }, { text: "Hi" }).run();
    expect(withoutChannel).toMatchObject({ status: "failed", error: { code: "invalid_input" } });
    expect(await send({}).run()).toMatchObject({ status: "failed", error: { code: "not_configured" } });
  });
});
