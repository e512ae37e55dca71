import type { NodeStatus, WorkflowDefinition } from "@automatrix/core";
import { commandText } from "../command-text.js";
import { durationText } from "../duration-text.js";
import { followExecution } from "../execution/follow-execution.js";
import { failureText } from "../execution/print-outcome.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.js";
import { LEAD_INTAKE_INPUT, leadIntake } from "../lead-intake.js";
import { availableNodes, openEngine } from "../open-engine.js";
import { toDrawableGraph } from "../picture/drawable-graph.js";
import { textPicture } from "../picture/picture.js";
import { createProgress } from "../progress/create-progress.js";
import { scriptedAi } from "../scripted-ai.js";
import { createStorage, DEFAULT_STORAGE_URL, parseStorageUrl } from "../storage/storage-url.js";
import type { Streams } from "../streams.js";

/** `automatrix` without arguments: runs the example durably and shows what there is to see. */
export async function demoCommand(streams: Streams): Promise<number> {
  const { output } = streams;
  const address = parseStorageUrl(DEFAULT_STORAGE_URL);
  const place = address.kind === "sqlite" ? ` (${address.file})` : "";
  output.write(`AutoMatrix runs the example workflow "${leadIntake.name}" durably on ${DEFAULT_STORAGE_URL}${place}\n`);
  output.write("Its AI step is scripted: no model is asked, no key is needed.\n\n");
  const standard = (await availableNodes([])).filter(({ type }) => type !== "ai_process");
  const storage = await createStorage(DEFAULT_STORAGE_URL);
  await using opened = await openEngine({ storage, nodes: [...standard, scriptedAi()], errors: streams.errors });
  const followed = await followExecution({
    opened,
    begin: async () => ({ handle: await opened.engine.execute(leadIntake, { input: LEAD_INTAKE_INPUT }) }),
    onInterrupt: "cancel",
    staysWhileWaiting: true,
    progress: createProgress(leadIntake, { streams, quiet: false }),
    streams,
    whereabouts: { storageUrl: DEFAULT_STORAGE_URL, nodeFiles: [] },
  });
  // It waits for nothing, so that it can only end.
  if (followed.kind !== "ended") return EXIT_FAILED;
  const { result } = followed;
  if (result.status !== "completed") {
    streams.errors.write(`${failureText(result)}\n`);
    return EXIT_FAILED;
  }
  output.write(`\n${await pictureOf(leadIntake, result.nodes)}\n\n`);
  output.write(
    `Execution ${result.id} completed in ${durationText(result.durationMs)}. Output:\n${JSON.stringify(result.output, null, 2)}\n\n${whatNext(result.id)}\n`,
  );
  return EXIT_OK;
}

function pictureOf(
  definition: WorkflowDefinition,
  nodes: Readonly<Record<string, { readonly status: NodeStatus }>>,
): Promise<string> {
  const statuses = new Map(Object.entries(nodes).map(([path, { status }]) => [path, status]));
  return textPicture(toDrawableGraph(definition, statuses));
}

function whatNext(id: string): string {
  const lines: readonly (readonly [command: string, what: string])[] = [
    [commandText(["journal", id], DEFAULT_STORAGE_URL), "everything that happened in it"],
    [commandText(["explain", id], DEFAULT_STORAGE_URL), "where it stands, in a sentence"],
    [commandText(["executions"], DEFAULT_STORAGE_URL), "all executions kept in this folder"],
    [`automatrix run FILE --input '{"name":"Ann"}'`, "run a workflow of your own (JSON or YAML)"],
    ["automatrix validate FILE", "every mistake in it, with its place"],
    ["automatrix graph FILE --format svg", "a picture of it"],
    ["automatrix --help", "everything else"],
  ];
  const width = Math.max(...lines.map(([command]) => command.length));
  return [
    "What to try next",
    ...lines.map(([command, what]) => `  ${command.padEnd(width)}   ${what}`),
    'In the repository, "npm start --" stands for "automatrix"; examples/ has workflows to start from.',
  ].join("\n");
}
