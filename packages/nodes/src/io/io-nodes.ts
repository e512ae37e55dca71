import type { NodeType } from "@automatrix/core";
import { createDatabaseNodes } from "./database-query/database-query.js";
import type { DatabaseNodesOptions } from "./databases/database-options.js";
import { createFileNodes } from "./files/file-nodes.js";
import type { FileNodesOptions } from "./files/file-root.js";
import { graphqlRequest } from "./graphql-request/graphql-request.js";
import { httpRequest } from "./http-request/http-request.js";
import { createMessagingNodes } from "./messaging/messaging-nodes.js";
import type { MessagingOptions } from "./messaging/messaging-options.js";
import { createRedisNodes } from "./redis-command/redis-command.js";
import type { RedisNodesOptions } from "./redis-command/redis-servers.js";
import type { S3NodesOptions } from "./s3-object/s3-connection.js";
import { createS3Nodes } from "./s3-object/s3-object.js";

/** What an operator sets for the nodes that reach the world. */
export interface IoOptions extends MessagingOptions {
  readonly database?: DatabaseNodesOptions;
  readonly redis?: RedisNodesOptions;
  /** The folder that `file_read` and `file_write` are confined to. */
  readonly files?: FileNodesOptions;
  readonly s3?: S3NodesOptions;
}

/** Nodes that reach the world: HTTP, databases, files, messages. */
export function createIoNodes({ database, redis, files, s3, ...messaging }: IoOptions = {}): readonly NodeType[] {
  return Object.freeze([
    httpRequest,
    graphqlRequest,
    ...createDatabaseNodes(database),
    ...createRedisNodes(redis),
    ...createFileNodes(files),
    ...createS3Nodes(s3),
    ...createMessagingNodes(messaging),
  ]);
}
