import { ExecutionError, type ExecutionRecord, type Storage } from "@automatrix/core";
import { commandText } from "../command-text.js";
import { printable } from "../printable.js";
import { shownStorageUrl } from "./storage-url.js";

/** @throws ExecutionError `execution_not_found` that says where was looked, and what is there */
export async function requireExecution(
  storage: Storage,
  params: { readonly id: string; readonly url: string },
): Promise<ExecutionRecord> {
  const record = await storage.getExecution(params.id);
  if (record !== undefined) return record;
  throw new ExecutionError(
    "execution_not_found",
    `There is no execution "${printable(params.id)}" in ${shownStorageUrl(params.url)}; "${commandText(["executions"], params.url)}" lists those that are there, --storage names another storage.`,
  );
}
