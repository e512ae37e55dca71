import type { ExecutionRecord, NodeStatus, Storage } from "@automatrix/core";
import { usageError } from "../command-error.js";
import { readDefinitionFile } from "../definition-file/read-definition-file.js";
import { EXIT_OK } from "../exit-code.js";
import { type DrawableGraph, toDrawableGraph } from "../picture/drawable-graph.js";
import { toMermaid } from "../picture/mermaid-text.js";
import { fitsSvg, svgPicture, textPicture } from "../picture/picture.js";
import { journalOf } from "../storage/journal-of.js";
import { openReader } from "../storage/open-reader.js";
import { requireExecution } from "../storage/require-execution.js";
import type { Streams } from "../streams.js";

export const GRAPH_FORMATS = ["text", "svg", "mermaid"] as const;
type GraphFormat = (typeof GRAPH_FORMATS)[number];

export interface GraphOptions {
  readonly format: GraphFormat;
  readonly execution?: string;
  readonly storage: string;
}

/** What is drawn: the definition of a file, or the one that the execution runs. */
interface Subject {
  readonly definition: unknown;
  readonly statuses?: ReadonlyMap<string, NodeStatus>;
}

/** `automatrix graph [FILE]`: a picture of the definition, coloured by status for an execution. */
export async function graphCommand(file: string | undefined, options: GraphOptions, streams: Streams): Promise<number> {
  const given = file === undefined ? undefined : await readDefinitionFile(file, streams);
  const { definition, statuses } = await subjectOf(given, options);
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

async function subjectOf(definition: unknown, { execution: id, storage: url }: GraphOptions): Promise<Subject> {
  if (id === undefined) {
    if (definition === undefined) throw usageError("graph takes a FILE, or --execution ID, or both.");
    return { definition };
  }
  await using reader = await openReader(url);
  const record = await requireExecution(reader.storage, { id, url });
  return {
    definition: definition ?? (await reader.storage.getDefinition(record.definitionHash)),
    statuses: await statusesOf(reader.storage, record),
  };
}

/** A node that runs has no record yet, only an event. */
async function statusesOf(
  storage: Storage,
  { id, endedAt }: ExecutionRecord,
): Promise<ReadonlyMap<string, NodeStatus>> {
  const statuses = new Map<string, NodeStatus>();
  if (endedAt === null) {
    for await (const { type, nodeId } of journalOf(storage, { executionId: id }))
      if (type === "node.started" && nodeId !== undefined) statuses.set(nodeId, "running");
  }
  for (const { path, status } of await storage.listNodes(id)) statuses.set(path, status);
  return statuses;
}
