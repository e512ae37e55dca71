import type { Clock, Logger, NodeContext } from "@automatrix/core";

/** On whose behalf a server is used: what a node's context gives, without the node. */
export interface McpCaller {
  readonly http: NodeContext["http"];
  readonly credentials: NodeContext["credentials"];
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly tenant: string | null;
}

// biome-ignore lint/suspicious/noExplicitAny: of any node, whatever its parameters are
export function toMcpCaller({ http, credentials, signal, logger, clock, execution }: NodeContext<any>): McpCaller {
  return { http, credentials, signal, logger, clock, tenant: execution.tenant };
}
