import type { Connection } from "../connection/connection.js";

// Sleepers, and those that are awake already and held back: each the first entry of its part of the index.
const NEXT_WAKE_AT = `SELECT min(at) AS at FROM (
  SELECT min(wake_at) AS at FROM automatrix_executions
    WHERE is_parked = 1 AND wake_at IS NOT NULL AND has_news = 0
  UNION ALL
  SELECT min(wake_at) AS at FROM automatrix_executions
    WHERE is_parked = 1 AND wake_at IS NOT NULL AND has_news = 1)`;

export function nextWakeAt(connection: Connection): number | null {
  return connection.first<{ readonly at: number | null }>(NEXT_WAKE_AT)?.at ?? null;
}
