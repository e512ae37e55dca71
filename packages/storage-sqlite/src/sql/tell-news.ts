import type { Connection } from "../connection/connection.js";

const TELL_NEWS = "UPDATE automatrix_executions SET has_news = 1 WHERE ordinal = ? AND has_news = 0";

/** Lets it be known that something came: to its owner by `takeNews`, or to whoever claims next if it is parked. */
export function tellNews(connection: Connection, execution: number): void {
  connection.run(TELL_NEWS, execution);
}
