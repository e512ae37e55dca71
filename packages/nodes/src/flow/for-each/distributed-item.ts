import type { WorkflowDefinition } from "@automatrix/core";

/**
 * A body that runs one item as an execution of its own: a `for_each` of that item, so that its paths, variables and
 * failures are those of an item that runs here. Its input: the items, the part of the list that they are, and the outputs
 * of the nodes that the body names around it (`named`), in their order: nodes of the same ids give them out again.
 */
export function distributedItem(body: WorkflowDefinition, named: readonly string[] = []): WorkflowDefinition {
  const loop = {
    id: freeId("items", named),
    type: "for_each",
    data: { items: "{{trigger.items}}", part: "{{trigger.part}}", body, concurrency: 1 },
  };
  const definition = {
    name: body.name ?? "for_each item",
    nodes: [...named.map(standIn), loop],
    edges: named.map((source) => ({ source, target: loop.id })),
  };
  return { nodes: [{ id: "item", type: "sub_workflow", data: { definition, distribute: true } }] };
}

/** Gives a value out as it is. An `end` does, but in the open it would set the output of the execution. */
function standIn(id: string, index: number): WorkflowDefinition["nodes"][number] {
  const body = { nodes: [{ id: "output", type: "end", data: { output: `{{trigger.outputs[${index}]}}` } }], edges: [] };
  return { id, type: "try", data: { body } };
}

function freeId(id: string, taken: readonly string[]): string {
  return taken.includes(id) ? freeId(`${id}_`, taken) : id;
}

/** The result of the one item, out of the output of {@link distributedItem}. */
export function readDistributed(output: unknown): unknown {
  return (output as { readonly results: readonly unknown[] }).results[0];
}
