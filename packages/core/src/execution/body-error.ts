import { AutomatrixError } from "../errors/errors.js";
import type { ErrorRecord } from "../ports/execution-record.js";

/**
 * The failure of a body as its container gets it. What may pass was retried inside, by the policy of the node that
 * failed; the container is tried again only where its own `retry` says so.
 */
export class BodyError extends AutomatrixError {
  constructor({ code, message, nodeId, attempt, details, cause }: ErrorRecord) {
    super(code, message, {
      details: { nodeId, attempt, ...(details === undefined ? {} : { details }) },
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
