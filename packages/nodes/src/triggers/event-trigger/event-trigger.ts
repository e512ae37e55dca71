import { defineNode, z } from "@automatrix/core";
import { expressionParameter } from "../../parameters/expression-parameter.js";

export const EVENT_TRIGGER = "event_trigger";

/** Entry of a workflow that a named event starts; its output is the event's payload. */
export const eventTrigger = defineNode({
  type: EVENT_TRIGGER,
  label: "Event",
  description: "Starts the workflow when an event of this name is emitted and its filter lets it through.",
  category: "trigger",
  effects: "pure",
  deferred: ["filter"],
  parameters: () =>
    z.object({
      event: z.string().min(1).describe("Name of the event."),
      filter: expressionParameter(
        "Expression over the payload (`input`): only events for which it is true start the workflow.",
      ).optional(),
    }),
  example: {
    parameters: { event: "order.paid", filter: "{{ input.amount > 100 }}" },
    input: { amount: 250 },
    output: { amount: 250 },
  },
  execute: ({ input }) => input,
});
