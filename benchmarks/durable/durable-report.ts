import { type CommitCounts, countCommits } from "./commit-counts.js";
import type { DurableTarget } from "./durable-target.js";
import { measureStartLatency, type StartLatency } from "./start-latency.js";
import { measureStepCost, type StepCost } from "./step-cost.js";
import { type NodeKind, STEPS } from "./ten-steps.js";
import { measureWorkflowRate, type WorkflowRate } from "./workflow-rate.js";

const AT_ONCE = [1, 50] as const;
const NODE_KINDS: readonly NodeKind[] = ["sync", "async"];

/** What should be reached: printed beside the figures, and nothing more. */
const AIMS = { ratioOneAtATime: 0.8, ratioFiftyAtOnce: 0.45, firstNodeMs: 0.5, commitsWithEffects: 11, commitsPure: 2 };

export interface DurableReport {
  readonly rates: readonly WorkflowRate[];
  readonly latency: StartLatency;
  readonly stepCost: StepCost;
  readonly commits: CommitCounts;
}

/**
 * Everything durable on one database, said line by line as it comes.
 * @param options `hasAims`: the aims of speed are for this database
 */
export async function measureDurable(
  target: DurableTarget,
  { hasAims = false, say }: { readonly hasAims?: boolean; readonly say: (line: string) => void },
): Promise<DurableReport> {
  const rates = await measureRates(target, { nodes: NODE_KINDS, hasAims, say });
  const latency = await measureStartLatency(target);
  say(latencyText(latency, hasAims));
  const stepCost = await measureStepCost(target);
  say(stepCostText(stepCost));
  const commits = await countCommits(target);
  say(commitsText(commits));
  return { rates, latency, stepCost, commits };
}

/** Workflows a second one at a time and many at once, said line by line as it comes. */
export async function measureRates(
  target: DurableTarget,
  {
    nodes,
    hasAims,
    say,
  }: { readonly nodes: readonly NodeKind[]; readonly hasAims: boolean; readonly say: (line: string) => void },
): Promise<readonly WorkflowRate[]> {
  say(`\n${target.name}: workflows of ${STEPS} steps with effects`);
  say(
    `${"".padEnd(18)}${"workflows/s".padStart(12)}${"min".padStart(9)}${"max".padStart(9)}${"floor".padStart(9)}${"ratio".padStart(8)}${"CPU µs".padStart(9)}${"floor".padStart(8)}${"commits/workflow".padStart(18)}`,
  );
  const rates: WorkflowRate[] = [];
  for (const atOnce of AT_ONCE) {
    for (const node of nodes) {
      const rate = await measureWorkflowRate(target, { node, atOnce });
      rates.push(rate);
      say(rateText(rate, hasAims));
    }
  }
  return rates;
}

function rateText(rate: WorkflowRate, hasAims: boolean): string {
  const { atOnce, node, rounds, workflowsPerSecond, floorWorkflowsPerSecond, ratioToFloor } = rate;
  const title = `${atOnce === 1 ? "one at a time" : `${atOnce} at once`}, ${node}`;
  const figures = [
    whole(workflowsPerSecond.median, 12),
    whole(workflowsPerSecond.min, 9),
    whole(workflowsPerSecond.max, 9),
    whole(floorWorkflowsPerSecond.median, 9),
    ratioToFloor.median.toFixed(2).padStart(8),
    whole(rate.cpuPerWorkflow, 9),
    whole(rate.floorCpuPerWorkflow, 8),
    rate.transactionsPerWorkflow.toFixed(2).padStart(18),
  ];
  const range = `ratio ${ratioToFloor.min.toFixed(2)}–${ratioToFloor.max.toFixed(2)} in ${rounds} rounds`;
  const aim = hasAims ? `, aim ${atOnce === 1 ? AIMS.ratioOneAtATime : AIMS.ratioFiftyAtOnce}` : "";
  return `${title.padEnd(18)}${figures.join("")}   ${range}${aim}${walText(rate)}`;
}

function walText({ walBytesPerWorkflow, floorWalBytesPerWorkflow }: WorkflowRate): string {
  if (walBytesPerWorkflow === null || floorWalBytesPerWorkflow === null) return "";
  return `; WAL ${kilobytes(walBytesPerWorkflow)} a workflow, floor ${kilobytes(floorWalBytesPerWorkflow)}`;
}

function latencyText({ firstNodeMs, resolvedMs, floorMs }: StartLatency, hasAims: boolean): string {
  const text = ({ p50, p95 }: { readonly p50: number; readonly p95: number }) =>
    `p50 ${p50.toFixed(3)} ms, p95 ${p95.toFixed(3)} ms`;
  return `execute() → first node called: ${text(firstNodeMs)}${hasAims ? ` (aim ${AIMS.firstNodeMs})` : ""}; resolved: ${text(resolvedMs)}; floor, one commit: ${text(floorMs)}`;
}

function stepCostText({ perNodeShort, perNodeLong, ratio }: StepCost): string {
  return `cost per step: ${perNodeShort.toFixed(0)} µs in a chain of 10, ${perNodeLong.toFixed(0)} µs in one of 1,000; ratio ${ratio.toFixed(2)}`;
}

function commitsText({ withEffects, pure }: CommitCounts): string {
  return `commits of one execution: ${withEffects} for 10 nodes with effects (aim ${AIMS.commitsWithEffects}), ${pure} for 10 pure ones (aim ${AIMS.commitsPure})`;
}

function whole(value: number, width: number): string {
  return Math.round(value).toLocaleString("en-US").padStart(width);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`;
}
