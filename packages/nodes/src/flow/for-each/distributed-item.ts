import type { WorkflowDefinition } from "@automatrix/core";

/**
 * A body that runs one item as an execution of its own: a `for_each` of that item, so that its paths, variables and
 * failures are those of an item that runs here. Its input: the items, and the part of the list that they are.
 */
export function distributedItem(body: WorkflowDefinition): WorkflowDefinition {
  const loop = {
    id: "items",
    type: "for_each",
    data: { items: "{{trigger.items}}", part: "{{trigger.part}}", body, concurrency: 1 },
  };
  const definition = { name: body.name ?? "for_each item", nodes: [loop] };
  return { nodes: [{ id: "item", type: "sub_workflow", data: { definition, distribute: true } }] };
}

/** The result of the one item, out of the output of {@link distributedItem}. */
export function readDistributed(output: unknown): unknown {
  return (output as { readonly results: readonly unknown[] }).results[0];
}
