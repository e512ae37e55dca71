import { generateKeyPairSync, verify } from "node:crypto";
import { testEngine, testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { openJsonServer } from "../messaging/test-support/json-server.js";
import { createPushNotify } from "./push-notify.js";

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const push = { token: "device-1", title: "Ready", body: "Your car is ready.", data: { order: 7, urgent: true } };

function openFirebase(status = 200) {
  return openJsonServer(({ url }) =>
    url === "/token"
      ? { body: { access_token: "ya29.token", expires_in: 3600 } }
      : {
          status,
          body: status === 200 ? { name: "projects/p/messages/1" } : { error: { code: status, status: "NOT_FOUND" } },
        },
  );
}

function credentialFor(url: string) {
  return { projectId: "p", clientEmail: "robot@p.example", privateKey, baseUrl: url, tokenUrl: `${url}/token` };
}

describe("push_notify", () => {
  it("signs in as a service account and sends through HTTP v1", async () => {
    await using server = await openFirebase();
    const { output } = await testNode(createPushNotify())
      .parameters(push)
      .credentials({ fcm: credentialFor(server.url) })
      .engine({ http: fetch })
      .run();
    expect(output).toEqual({ id: "projects/p/messages/1" });
    const [signIn, sent] = server.requests;
    const [header, claims, signature] = (new URLSearchParams(signIn?.text).get("assertion") ?? "").split(".");
    const content = Buffer.from(`${header}.${claims}`);
    expect(verify("RSA-SHA256", content, publicKey, Buffer.from(signature ?? "", "base64url"))).toBe(true);
    expect(JSON.parse(Buffer.from(claims ?? "", "base64url").toString())).toMatchObject({
      iss: "robot@p.example",
      aud: `${server.url}/token`,
    });
    expect(sent).toMatchObject({
      url: "/v1/projects/p/messages:send",
      headers: { authorization: "Bearer ya29.token" },
      body: {
        message: {
          token: "device-1",
          notification: { title: "Ready", body: "Your car is ready." },
          data: { order: "7", urgent: "true" },
        },
      },
    });
  });

  it("keeps the access token until shortly before it ends", async () => {
    await using server = await openFirebase();
    const secrets = { get: async () => credentialFor(server.url) };
    await using engine = await testEngine({ nodes: [createPushNotify()], secrets, http: fetch });
    const definition = { nodes: [{ id: "push", type: "push_notify", data: push }] };
    await engine.run(definition);
    await engine.run(definition);
    await engine.advance("56m");
    await engine.run(definition);
    expect(server.requests.filter(({ url }) => url === "/token")).toHaveLength(2);
  });

  it("fails for a device that is gone, and asks a person after a fault of the server", async () => {
    for (const [status, ending] of [
      [404, "failed"],
      [500, "waiting"],
    ] as const) {
      await using server = await openFirebase(status);
      const run = testNode(createPushNotify()).parameters(push).engine({ http: fetch });
      const result = await run.credentials({ fcm: credentialFor(server.url) }).run();
      expect(result.status).toBe(ending);
    }
  });

  it("does not quote a key that cannot be read", async () => {
    const fcm = { ...credentialFor("http://127.0.0.1:1"), privateKey: "-----BEGIN PRIVATE KEY-----\nsecretsecret" };
    const result = await testNode(createPushNotify())
      .parameters(push)
      .credentials({ fcm })
      .engine({ http: fetch })
      .run();
    expect(result).toMatchObject({ status: "failed", error: { code: "not_configured" } });
    expect(JSON.stringify(result)).not.toContain("secretsecret");
  });
});
