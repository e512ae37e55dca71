import { ConfigurationError, FatalNodeError, type NodeContext } from "@automatrix/core";
import { readConnectionCredential } from "../databases/connection-credential.js";

const DEFAULT_REGION = "us-east-1";
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const MAX_KEY_BYTES = 1_024;

/** A store of objects and who uses it. */
export interface S3ConnectionOption {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Address of a store that is not Amazon's, such as `https://storage.internal:9000`. */
  readonly endpoint?: string;
  /** Whether the bucket is part of the path, not of the host name. Default: true with an `endpoint`. */
  readonly forcePathStyle?: boolean;
  /** The bucket where a node names none. */
  readonly bucket?: string;
  /** Whether a node may name another bucket than that. Default: only when `bucket` is not set. */
  readonly allowOtherBuckets?: boolean;
  /** Put before every key; `{tenant}` in it stands for the execution's tenant. */
  readonly keyPrefix?: string;
}

/** What the operator sets up for `s3_object`. */
export interface S3NodesOptions {
  /** Connections by the name that workflows use. Without any, workflows use credentials with the same fields. */
  readonly connections?: Readonly<Record<string, S3ConnectionOption>>;
  /** Largest object. Default 64 MiB. */
  readonly maxBytes?: number;
  /** Largest content handed over as text, JSON or base64. Default 8 MiB. */
  readonly maxInlineBytes?: number;
}

/** Where one node's object lies. */
export interface S3Place {
  readonly connection: S3Connection;
  readonly bucket: string;
  readonly prefix: string;
  /** True for a connection that the operator set up; what a credential holds is masked in outputs. */
  readonly isOperators: boolean;
}

export interface S3Connection {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly forcePathStyle: boolean;
  readonly bucket: string | undefined;
  readonly allowOtherBuckets: boolean;
  readonly keyPrefix: string;
}

/** The stores that one engine's nodes reach. */
export class S3Connections {
  readonly #named: ReadonlyMap<string, S3Connection>;

  /** @throws ConfigurationError `invalid_configuration` */
  constructor({ connections = {} }: S3NodesOptions) {
    this.#named = new Map(Object.entries(connections).map(([name, option]) => [name, parseOption(name, option)]));
  }

  /** @throws FatalNodeError `not_configured`, `credential_unusable`, `path_refused` */
  async placeOf(ctx: NodeContext<unknown>, name: string, bucket: string | undefined): Promise<S3Place> {
    const named = this.#named.get(name);
    const connection = named ?? parseS3Connection(await readConnectionCredential(ctx, name, "s3"), name);
    const chosen = bucket ?? connection.bucket;
    if (chosen === undefined)
      throw new FatalNodeError(`Name a bucket: the connection "${name}" has none of its own.`, {
        code: "invalid_parameters",
      });
    if (!BUCKET.test(chosen) || chosen.includes("..")) throw refused("the bucket's name is none");
    if (chosen !== connection.bucket && !connection.allowOtherBuckets)
      throw refused(`the connection "${name}" is for its own bucket only`);
    const prefix = connection.keyPrefix.replaceAll("{tenant}", encodeURIComponent(ctx.execution.tenant ?? ""));
    return { connection, bucket: chosen, prefix, isOperators: named !== undefined };
  }
}

/**
 * The whole key of an object.
 * @throws FatalNodeError `path_refused`
 */
export function toObjectKey(prefix: string, key: string): string {
  const whole = prefix + key;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (/[\u0000-\u001f\u007f]|\p{Surrogate}/u.test(whole)) throw refused("the key holds a control character");
  if (Buffer.byteLength(whole) > MAX_KEY_BYTES) throw refused(`the key is longer than ${MAX_KEY_BYTES} bytes`);
  // An address with such a part would be shortened on its way, and lead to another object.
  if (whole.split("/").some((part) => part === "." || part === ".."))
    throw refused('the key holds "." or ".." as a part');
  return whole;
}

function parseOption(name: string, option: S3ConnectionOption): S3Connection {
  try {
    return parseS3Connection(option, name);
  } catch (error) {
    throw new ConfigurationError("invalid_configuration", (error as Error).message);
  }
}

function parseS3Connection(given: object, name: string): S3Connection {
  const fields = given as Readonly<Record<string, unknown>>;
  const accessKeyId = textOf(fields, "accessKeyId");
  const secretAccessKey = textOf(fields, "secretAccessKey");
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw unusable(name, "it needs accessKeyId and secretAccessKey");
  const endpoint = textOf(fields, "endpoint");
  if (endpoint !== undefined && !isPlainAddress(endpoint))
    throw unusable(name, "its endpoint is no http or https address");
  const bucket = textOf(fields, "bucket");
  return {
    accessKeyId,
    secretAccessKey,
    endpoint,
    bucket,
    sessionToken: textOf(fields, "sessionToken"),
    region: textOf(fields, "region") ?? DEFAULT_REGION,
    forcePathStyle: typeof fields["forcePathStyle"] === "boolean" ? fields["forcePathStyle"] : endpoint !== undefined,
    allowOtherBuckets:
      typeof fields["allowOtherBuckets"] === "boolean" ? fields["allowOtherBuckets"] : bucket === undefined,
    keyPrefix: textOf(fields, "keyPrefix") ?? "",
  };
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && search === "" && hash === "";
}

function unusable(name: string, why: string): FatalNodeError {
  return new FatalNodeError(`The connection "${name}" cannot be used: ${why}.`, { code: "credential_unusable" });
}

function refused(why: string): FatalNodeError {
  return new FatalNodeError(`The object cannot be used: ${why}.`, { code: "path_refused" });
}
