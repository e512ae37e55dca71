import type { NodeStatus, WorkflowDefinition } from "@automatrix/core";
import { durationText } from "../duration-text.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.js";
import { LEAD_INTAKE_INPUT, leadIntake } from "../lead-intake.js";
import { availableNodes, openEngine } from "../open-engine.js";
import { toDrawableGraph } from "../picture/drawable-graph.js";
import { textPicture } from "../picture/picture.js";
import { createProgress } from "../progress/create-progress.js";
import { runWorkflow } from "../run-workflow.js";
import { scriptedAi } from "../scripted-ai.js";
import { DEFAULT_STORAGE_URL, openStorageUrl } from "../storage-url.js";
import type { Streams } from "../streams.js";
import { failureText } from "./run.js";

const WHAT_NEXT = `What to try next
  automatrix run FILE --input '{"name":"Ann"}'   run a workflow of your own (JSON or YAML)
  automatrix validate FILE                       every mistake in it, with its place
  automatrix graph FILE --format svg             a picture of it
  automatrix bench                               how fast this machine is
  automatrix --help                              everything else
In the repository, "npm start --" stands for "automatrix"; examples/ has workflows to start from.`;

/** `automatrix` without arguments: runs the example and shows what there is to see. */
export async function demoCommand(streams: Streams): Promise<number> {
  const { output } = streams;
  output.write(`AutoMatrix runs the example workflow "${leadIntake.name}" on ${DEFAULT_STORAGE_URL}\n`);
  output.write("Its AI step is scripted: no model is asked, no key is needed.\n\n");
  const standard = (await availableNodes([])).filter(({ type }) => type !== "ai_process");
  await using engine = await openEngine({
    storage: openStorageUrl(DEFAULT_STORAGE_URL),
    nodes: [...standard, scriptedAi()],
    errors: streams.errors,
  });
  const result = await runWorkflow({
    engine,
    definition: leadIntake,
    input: LEAD_INTAKE_INPUT,
    progress: createProgress(leadIntake, { streams, quiet: false }),
    streams,
  });
  if (result.status !== "completed") {
    streams.errors.write(`${failureText(result)}\n`);
    return EXIT_FAILED;
  }
  output.write(`\n${await pictureOf(leadIntake, result.nodes)}\n\n`);
  output.write(
    `Completed in ${durationText(result.durationMs)}. Output:\n${JSON.stringify(result.output, null, 2)}\n\n${WHAT_NEXT}\n`,
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
