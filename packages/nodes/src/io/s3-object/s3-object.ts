import { defineNode, type NodeType, z } from "@automatrix/core";
import { CONTENT_FORMATS } from "../files/file-content.js";
import { S3Connections, type S3NodesOptions } from "./s3-connection.js";
import { S3_OPERATIONS } from "./s3-operations.js";

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_INLINE_BYTES = 8 * 1024 * 1024;
const MAX_LISTED = 1_000;
const DEFAULT_EXPIRY_SECONDS = 900;
/** A week: AWS allows no more. */
const MAX_EXPIRY_SECONDS = 604_800;
const OPERATION_NAMES = ["get", "put", "delete", "head", "list", "presign"] as const;

/**
 * The nodes for object stores that speak the S3 protocol.
 *
 * ```ts
 * createS3Nodes({ connections: { reports: { accessKeyId, secretAccessKey, region: "eu-central-1", bucket: "reports" } } });
 * ```
 * @throws ConfigurationError `invalid_configuration`
 */
export function createS3Nodes(options: S3NodesOptions = {}): readonly NodeType[] {
  return Object.freeze([createS3Object(options)]);
}

function createS3Object(options: S3NodesOptions): NodeType {
  const connections = new S3Connections(options);
  const { maxBytes = DEFAULT_MAX_BYTES, maxInlineBytes = DEFAULT_MAX_INLINE_BYTES } = options;
  return defineNode({
    type: "s3_object",
    label: "S3 object",
    description: "Reads, writes, deletes, lists and looks at objects of an S3 store, and makes addresses that expire.",
    category: "io",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    parameters: () =>
      z.object({
        connection: z
          .string()
          .min(1)
          .max(256)
          .default("s3")
          .describe(
            "Name of a connection that the operator set up, or of a credential, which also says where the store is.",
          ),
        operation: z.enum(OPERATION_NAMES).default("get").describe("What to do with the object."),
        bucket: z.string().optional().describe("Bucket; that of the connection when left out."),
        key: z.string().min(1).optional().describe("Key of the object; every operation but `list` needs it."),
        content: z
          .unknown()
          .optional()
          .describe("For `put`: text, a blob reference, or any value, which is written as JSON."),
        format: z
          .enum(CONTENT_FORMATS)
          .optional()
          .describe(
            "For `get`: how the content stands in the output (default text). For `put`: how `content` is meant.",
          ),
        contentType: z.string().max(255).optional().describe("For `put`: content type; by the content when left out."),
        metadata: z.record(z.string(), z.string()).optional().describe("For `put`: texts kept with the object."),
        prefix: z.string().optional().describe("For `list`: what the keys begin with."),
        limit: z.number().int().min(1).max(MAX_LISTED).default(MAX_LISTED).describe("For `list`: most objects."),
        cursor: z.string().optional().describe("For `list`: the `cursor` of the page before."),
        method: z.enum(["GET", "PUT"]).default("GET").describe("For `presign`: what the address allows."),
        expiresInSeconds: z
          .number()
          .int()
          .min(1)
          .max(MAX_EXPIRY_SECONDS)
          .default(DEFAULT_EXPIRY_SECONDS)
          .describe("For `presign`: how long the address holds."),
      }),
    output: () => z.record(z.string(), z.unknown()),
    example: {
      parameters: { connection: "reports", operation: "put", key: "leads/{{input.id}}.json", content: "{{input}}" },
      input: { id: "7", name: "Ada" },
    },
    async execute(ctx) {
      const { connection, operation, bucket, ...request } = ctx.parameters;
      const place = await connections.placeOf(ctx, connection, bucket);
      return S3_OPERATIONS[operation]({ ctx, place, request, maxBytes, maxInlineBytes });
    },
  });
}
