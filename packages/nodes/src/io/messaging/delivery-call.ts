import type { NodeContext } from "@automatrix/core";

/** What a mailer or sender may use of the node that calls it. */
export type DeliveryCall = Pick<NodeContext, "http" | "signal" | "clock" | "logger" | "idempotencyKey">;
