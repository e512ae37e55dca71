import type { InboxItem } from "@automatrix/core";
import type { PostgresConnection } from "../connection/connection.js";
import { toInboxRow } from "../rows/encoded-commit.js";
import { toPostgresText } from "../rows/text.js";

type Added = "added" | "duplicate" | "not_found" | "ended" | "full";

export async function addToInbox(
  connection: PostgresConnection,
  params: { readonly executionId: string; readonly item: InboxItem; readonly maxUnread: number },
): Promise<Added> {
  const { item_digest, seen_digest, record } = toInboxRow(params.item);
  const [row] = await connection.query<{ added: Added }>({
    name: "add_to_inbox",
    text: `SELECT ${connection.schema}.add_to_inbox($1, $2, $3, $4, $5) AS added`,
    values: [toPostgresText(params.executionId), item_digest, seen_digest, record, params.maxUnread],
  });
  return row?.added as Added;
}
