import type { NodeStatus } from "@automatrix/core";
import { usageError } from "../command-error.js";
import { readDefinitionFile } from "../definition-file/read-definition-file.js";
import { EXIT_OK } from "../exit-code.js";
import { openEngine } from "../open-engine.js";
import { type DrawableGraph, toDrawableGraph } from "../picture/drawable-graph.js";
import { toMermaid } from "../picture/mermaid-text.js";
import { fitsSvg, svgPicture, textPicture } from "../picture/picture.js";
import { openStorageUrl } from "../storage-url.js";
import type { Streams } from "../streams.js";

export const GRAPH_FORMATS = ["text", "svg", "mermaid"] as const;
type GraphFormat = (typeof GRAPH_FORMATS)[number];

export interface GraphOptions {
  readonly format: GraphFormat;
  readonly execution?: string;
  readonly storage: string;
}

/** `automatrix graph FILE`: a picture of the definition, coloured by status for an execution. */
export async function graphCommand(file: string, options: GraphOptions, streams: Streams): Promise<number> {
  const definition = await readDefinitionFile(file, streams);
  const statuses = options.execution === undefined ? undefined : await statusesOf(options.execution, options.storage);
  const picture = await draw(toDrawableGraph(definition, statuses), options.format);
  streams.output.write(`${picture}\n`);
  return EXIT_OK;
}

async function draw(graph: DrawableGraph, format: GraphFormat): Promise<string> {
  switch (format) {
    case "text":
      return textPicture(graph);
    case "mermaid":
      return toMermaid(graph);
    case "svg":
      if (!fitsSvg(graph)) throw usageError("The workflow is too large for an SVG; use --format text or mermaid.");
      return svgPicture(graph);
  }
}

async function statusesOf(executionId: string, storageUrl: string): Promise<ReadonlyMap<string, NodeStatus>> {
  await using engine = await openEngine({ storage: openStorageUrl(storageUrl), nodes: [] });
  const records = await engine.getNodeExecutions(executionId);
  return new Map(records.map(({ path, status }) => [path, status]));
}
