import type { Connection } from "../connection/connection.js";
import { toText } from "../rows/text.js";

const IS_DEAD = "SELECT is_dead FROM automatrix_workers WHERE id = ?";
const EXTEND_LEASE = `INSERT INTO automatrix_workers (id, lease_until, is_dead) VALUES (?, ?, 0)
  ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until`;

/** A sign of life up to `leaseUntil`; false when the worker was declared dead. */
export function heartbeat(
  connection: Connection,
  { workerId, leaseUntil }: { readonly workerId: string; readonly leaseUntil: number },
): boolean {
  const id = toText(workerId);
  if (connection.first<{ readonly is_dead: 0 | 1 }>(IS_DEAD, id)?.is_dead === 1) return false;
  connection.run(EXTEND_LEASE, id, leaseUntil);
  return true;
}
