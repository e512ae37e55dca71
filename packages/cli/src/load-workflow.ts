import { type Issue, type NodeType, validateDefinition } from "@automatrix/core";
import { readDefinitionFile } from "./definition-file/read-definition-file.js";
import { availableNodes } from "./open-engine.js";
import type { Streams } from "./streams.js";

/** A definition as read, with everything that validation found in it. */
export interface LoadedWorkflow {
  readonly definition: unknown;
  readonly nodes: readonly NodeType[];
  readonly issues: readonly Issue[];
}

/** Reads and validates a definition file against the standard nodes and those of `nodeFiles`. */
export async function loadWorkflow(
  file: string,
  params: { readonly nodeFiles: readonly string[]; readonly streams: Streams },
): Promise<LoadedWorkflow> {
  const definition = await readDefinitionFile(file, params.streams);
  const nodes = await availableNodes(params.nodeFiles);
  return { definition, nodes, issues: validateDefinition(definition, { nodes }) };
}
