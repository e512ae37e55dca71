import type { Effects } from "../../definition/workflow-definition.js";
import { strictestEffects } from "../../execution/effects.js";
import { AttemptContext } from "../attempt/attempt-context.js";
import type { NodeAttempt } from "../attempt/node-attempt.js";
import { resolveParameters } from "../attempt/resolve-parameters.js";

/** Runs `then` once the results that this start may rely on are durable. */
export function afterBarrier(attempt: NodeAttempt, effects: Effects, then: () => void): void {
  const { writer } = attempt.scope.runner;
  const ticket = Math.max(1, barrierOf(attempt, effects));
  if (ticket <= writer.durableTicket) return then();
  writer.afterDurable(ticket, () => {
    if (!attempt.isSettled) then();
  });
}

/** Ticket that must be durable first. The whole of the durability modes, but for what parks and steps write. */
function barrierOf(attempt: NodeAttempt, effects: Effects): number {
  const { services, writer, record } = attempt.scope.runner;
  const { durability } = services;
  // Should this node end the process once more, it has to be known that it was at work.
  if (effects === "once" || record.crashes > 0) return writer.ticket;
  if (durability === "outcome" || (durability === "barrier" && effects === "pure")) return 1;
  const { scope, node, number } = attempt;
  const mark = scope.requiredMark(node.index);
  // A crash must not reset the count of attempts: the last one is durable before the next begins.
  return number === 1 ? mark : Math.max(mark, scope.notesOf(node.index)?.retryMark ?? 0);
}

/** Effects that depend on the parameters. Throws when those cannot be resolved. */
export function resolveEffects(attempt: NodeAttempt): Effects {
  const { type, definition } = attempt.node;
  const parameters = resolveParameters(attempt, new AttemptContext(attempt));
  const effects = (type.effects as (parameters: unknown) => Effects)(parameters);
  return strictestEffects(effects, definition.effects);
}
