import { createHash, createHmac } from "node:crypto";
import { expect } from "vitest";
import type { SeenRequest } from "./json-server.js";

export function signatureIn({ headers }: SeenRequest): string | undefined {
  return /Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? "")?.[1];
}

export interface ExpectedSigner {
  readonly service: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** AWS Signature Version 4 of what arrived. */
export function expectedSignature({ method, url, headers, text }: SeenRequest, signer: ExpectedSigner): string {
  const [, who, day = "", where, names = ""] =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/(.+)\/aws4_request, SignedHeaders=([^,]+),/.exec(
      headers.authorization ?? "",
    ) ?? [];
  expect({ who, where }).toEqual({ who: signer.accessKeyId, where: `${signer.region}/${signer.service}` });
  expect(names.split(";")).toEqual(expect.arrayContaining(["content-type", "host", "x-amz-date"]));
  const digest = (data: string) => createHash("sha256").update(data).digest("hex");
  const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest();
  const lines = names.split(";").map((name) => `${name}:${String(headers[name])}\n`);
  const canonical = [method, url, "", lines.join(""), names, digest(text)].join("\n");
  const toSign = `AWS4-HMAC-SHA256\n${headers["x-amz-date"]}\n${day}/${where}/aws4_request\n${digest(canonical)}`;
  const key = [day, signer.region, signer.service, "aws4_request"].reduce<string | Buffer>(
    hmac,
    `AWS4${signer.secretAccessKey}`,
  );
  return hmac(key, toSign).toString("hex");
}
