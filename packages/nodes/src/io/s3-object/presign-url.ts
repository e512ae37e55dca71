/**
 * An address that holds its own permission: AWS Signature Version 4 in the query.
 * Origin: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
import { scopeOf, signatureOf, toAwsTime } from "../aws/signature-v4.js";
import { encode } from "./s3-client.js";
import type { S3Place } from "./s3-connection.js";

export interface PresignParams {
  readonly place: S3Place;
  readonly key: string;
  readonly method: "GET" | "PUT";
  readonly expiresInSeconds: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function presignUrl({ place, key, method, expiresInSeconds, now }: PresignParams): string {
  const { accessKeyId, secretAccessKey, sessionToken, region } = place.connection;
  const { origin, host, path } = addressOf(place, key);
  const scope = { region, service: "s3", now };
  const query = [
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", `${accessKeyId}/${scopeOf(scope)}`],
    ["X-Amz-Date", toAwsTime(now)],
    ["X-Amz-Expires", String(expiresInSeconds)],
    ...(sessionToken === undefined ? [] : [["X-Amz-Security-Token", sessionToken]]),
    ["X-Amz-SignedHeaders", "host"],
  ]
    .map(([name = "", value = ""]) => `${encode(name)}=${encode(value)}`)
    .join("&");
  const request = [method, path, query, `host:${host}\n`, "host", "UNSIGNED-PAYLOAD"].join("\n");
  return `${origin}${path}?${query}&X-Amz-Signature=${signatureOf(request, scope, secretAccessKey)}`;
}

function addressOf({ connection, bucket }: S3Place, key: string) {
  const { endpoint = `https://s3.${connection.region}.amazonaws.com`, forcePathStyle } = connection;
  const { protocol, host: base, pathname } = new URL(endpoint);
  const host = forcePathStyle ? base : `${bucket}.${base}`;
  const names = [...pathname.split("/").filter(Boolean), ...(forcePathStyle ? [bucket] : []), ...key.split("/")];
  return { host, origin: `${protocol}//${host}`, path: `/${names.map(encode).join("/")}` };
}
