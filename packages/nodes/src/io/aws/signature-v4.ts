/**
 * AWS Signature Version 4, the part that all services share. Written here because the signer of the SDK is a package of
 * its own for these few lines.
 * Origin: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
 */
import { createHash, createHmac } from "node:crypto";

export interface SigningScope {
  readonly region: string;
  readonly service: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Who signs, and in which region. */
export interface SigningKeys {
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string | undefined;
}

export interface UnsignedPost {
  readonly service: string;
  readonly url: URL;
  readonly contentType: string;
  readonly body: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The time as AWS writes it: `20250101T000000Z`. */
export function toAwsTime(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d+/g, "");
}

/** What a signature holds for: a service in a region on a day. */
export function scopeOf({ region, service, now }: SigningScope): string {
  return `${toAwsTime(now).slice(0, 8)}/${region}/${service}/aws4_request`;
}

/** Signature of a canonical request, in hexadecimal digits. */
export function signatureOf(canonicalRequest: string, scope: SigningScope, secretAccessKey: string): string {
  const credentialScope = scopeOf(scope);
  const toSign = ["AWS4-HMAC-SHA256", toAwsTime(scope.now), credentialScope, sha256(canonicalRequest)].join("\n");
  let signingKey: string | Buffer = `AWS4${secretAccessKey}`;
  for (const part of credentialScope.split("/")) signingKey = hmac(signingKey, part);
  return hmac(signingKey, toSign).toString("hex");
}

/** Headers of a POST without a query, with its signature. */
export function signedPostHeaders(
  { region, accessKeyId, secretAccessKey, sessionToken }: SigningKeys,
  { service, url, contentType, body, now }: UnsignedPost,
): Readonly<Record<string, string>> {
  const headers = {
    "content-type": contentType,
    "x-amz-date": toAwsTime(now),
    ...(sessionToken === undefined ? {} : { "x-amz-security-token": sessionToken }),
  };
  const signed = Object.entries({ ...headers, host: url.host }).sort(([one], [other]) => (one < other ? -1 : 1));
  const names = signed.map(([name]) => name).join(";");
  const lines = signed.map(([name, value]) => `${name}:${value}\n`).join("");
  const canonical = ["POST", url.pathname, "", lines, names, sha256(body)].join("\n");
  const scope = { region, service, now };
  const signature = signatureOf(canonical, scope, secretAccessKey);
  const credential = `${accessKeyId}/${scopeOf(scope)}`;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
