import type { Storage } from "@automatrix/core";
import type { Connection } from "../connection/connection.js";
import { toText } from "../rows/text.js";

const RELEASE = "UPDATE automatrix_executions SET owner = NULL WHERE id = ? AND epoch = ?";

export function release(connection: Connection, { executionId, epoch }: Parameters<Storage["release"]>[0]): void {
  connection.run(RELEASE, toText(executionId), epoch);
}
