import type { ClaimedExecution, Storage } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { RECORD_COLUMNS, type RecordRow, toClaimedExecution } from "../rows/execution-row.js";
import { toPostgresText } from "../rows/text.js";
import { claimNamed } from "./claim-named.js";
import { claimNext } from "./claim-next.js";

type ClaimParams = Parameters<Storage["claim"]>[0];

/** Claims what is named; else whatever is simply next; and what then is missing from all there is. */
export async function claim(connection: PostgresConnection, params: ClaimParams): Promise<readonly ClaimedExecution[]> {
  const { limit, executionId, among } = params;
  const executionIds = executionId === undefined ? among : [executionId];
  if (executionIds !== undefined) return claimNamed(connection, { ...params, executionIds });
  const next = limit < 1 ? [] : await claimNext(connection, params);
  if (limit > 0 && next.length === limit) return next;
  return [...next, ...(await claimAny(connection, { ...params, limit: limit - next.length }))];
}

/** Decided in the function `claim` of the schema: see migrations/0001-claim.ts. */
async function claimAny(
  connection: PostgresConnection,
  { workerId, limit, leaseDurationMs, dueAt, offers = null }: ClaimParams,
): Promise<readonly ClaimedExecution[]> {
  // What came into an inbox since this statement began is not seen here, and is no news any more: it has to be listed.
  const rows = await connection.query<RecordRow>({
    name: "claim",
    text: `SELECT ${RECORD_COLUMNS} FROM ${connection.schema}.claim($1, $2::integer, $3, $4, $5::text[])`,
    values: [toPostgresText(workerId), limit, leaseDurationMs, dueAt, offers?.map(toPostgresText) ?? null],
  });
  return rows.map((row) => toClaimedExecution({ ...row, may_have_unread: true }));
}
