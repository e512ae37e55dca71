import type { NodeContext } from "@automatrix/core";
import { runOnce } from "./once-call.js";
import { prepareRequest, type RestConnection, type RestOperation, sendRequest } from "./rest-operation.js";
import type { ServiceAnswer } from "./service-call.js";

export interface OperationRun<Parameters extends object> {
  readonly operation: RestOperation<Parameters>;
  readonly parameters: Parameters;
  readonly connect: () => Promise<RestConnection>;
  /** What the answer means. An answer without what it must hold leaves the outcome of a `once` operation unknown. */
  readonly read: (answer: ServiceAnswer) => unknown;
}

/** Runs one operation of a table, and keeps what `once` promises where the row says so. */
export async function runOperation<Parameters extends object>(
  ctx: NodeContext<unknown>,
  { operation, parameters, connect, read }: OperationRun<Parameters>,
): Promise<unknown> {
  const prepare = async () => ({ request: prepareRequest(operation, parameters), connection: await connect() });
  const send = async ({ request, connection }: Awaited<ReturnType<typeof prepare>>) =>
    read(await sendRequest(ctx, connection, request));
  return operation.effects === "once" ? runOnce(ctx, { prepare, send }) : send(await prepare());
}
