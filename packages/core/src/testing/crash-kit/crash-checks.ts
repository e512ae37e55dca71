import type { ExecutionEvent } from "../../events/event.js";
import type { ExecutionRecord, NodeRecord } from "../../ports/execution-record.js";
import type { Storage } from "../../ports/storage.js";
import type { CrashLogEntry } from "./crash-log.js";
import type { CrashScene } from "./crash-scene.js";

const PAGE_SIZE = 1_000;

/** What became of one execution. */
export interface CrashOutcome {
  readonly record: ExecutionRecord;
  readonly nodes: readonly NodeRecord[];
  readonly events: readonly ExecutionEvent[];
}

/** Reads how an execution ended. */
export async function readOutcome(storage: Storage, executionId: string): Promise<CrashOutcome> {
  const record = await storage.getExecution(executionId);
  if (record === undefined) throw new Error(`Execution ${executionId} was accepted and is gone.`);
  const events: ExecutionEvent[] = [];
  for (;;) {
    const page = await storage.listEvents(executionId, { after: events.at(-1)?.seq ?? 0, limit: PAGE_SIZE });
    events.push(...page);
    if (page.length < PAGE_SIZE) break;
  }
  return { record, nodes: await storage.listNodes(executionId), events };
}

/** Everything that is not as it has to be at the end, in words. */
export async function findViolations(params: {
  readonly scene: CrashScene;
  /** The same workflow without faults. */
  readonly expected: CrashOutcome;
  /** Number of executions, children included, that one run of the workflow makes. */
  readonly executions: number;
  /** How often a node in flight may have run again. */
  readonly reruns: number;
  readonly keepsPromises: boolean;
}): Promise<readonly string[]> {
  const { scene, expected, executions, reruns, keepsPromises } = params;
  const violations: string[] = [];
  for (const [index, id] of scene.executionIds.entries()) {
    const outcome = await readOutcome(scene.storage, id);
    violations.push(...compare(outcome, expected, scene.workflow.nodesMayDiffer === true));
    if (keepsPromises) violations.push(...checkPromise(scene.results[index]?.settled, outcome));
  }
  const { items } = await scene.storage.listExecutions({ limit: PAGE_SIZE });
  if (items.length !== executions * scene.executionIds.length)
    violations.push(`${items.length} executions exist, not ${executions * scene.executionIds.length}`);
  for (const { id } of items) violations.push(...(await checkStored(scene.storage, id)));
  violations.push(...checkCalls(scene.log.entries, reruns));
  return violations;
}

// ── the end ──────────────────────────────────────────────────────────────────

function compare({ record, nodes }: CrashOutcome, expected: CrashOutcome, nodesMayDiffer: boolean): readonly string[] {
  const found = endOf(record);
  const wanted = endOf(expected.record);
  const violations = found === wanted ? [] : [`${record.id} ended as ${found}, not as ${wanted}`];
  if (nodesMayDiffer) return violations;
  const fates = fatesOf(nodes);
  const wantedFates = fatesOf(expected.nodes);
  for (const path of new Set([...fates.keys(), ...wantedFates.keys()])) {
    if (fates.get(path) !== wantedFates.get(path))
      violations.push(`node ${path} of ${record.id} is ${fates.get(path)}, not ${wantedFates.get(path)}`);
  }
  return violations;
}

/** The error that a handled failure gives out may name a child, whose id is another in each run. */
function withoutError(output: unknown, handled: NodeRecord["handled"]): unknown {
  return handled === "error_port" ? (output as { readonly input: unknown }).input : output;
}

function endOf({ status, output, error }: ExecutionRecord): string {
  return `${status} ${JSON.stringify(output)}${error === null ? "" : ` (${error.code} of ${error.nodeId})`}`;
}

function fatesOf(nodes: readonly NodeRecord[]): ReadonlyMap<string, string> {
  return new Map(
    nodes.map(({ path, status, skipReason, handled, port, output, attempts }) => [
      path,
      JSON.stringify({ status, skipReason, handled, port, output: withoutError(output, handled), attempts }),
    ]),
  );
}

function checkPromise(settled: CrashScene["results"][number]["settled"], { record }: CrashOutcome): readonly string[] {
  if (settled === undefined) return [`result() of ${record.id} was never answered`];
  if ("error" in settled) return [`result() of ${record.id} rejected: ${String(settled.error)}`];
  const { status, output } = settled.value;
  if (status !== record.status || JSON.stringify(output) !== JSON.stringify(record.output))
    return [`result() of ${record.id} was ${status} ${JSON.stringify(output)}`];
  return [];
}

// ── what is stored ───────────────────────────────────────────────────────────

async function checkStored(storage: Storage, executionId: string): Promise<readonly string[]> {
  const { record, nodes, events } = await readOutcome(storage, executionId);
  const waits = await storage.listWaits(executionId);
  return [
    ...(record.endedAt === null ? [`${executionId} has not ended: ${record.status}`] : []),
    ...waits.map(({ nodePath, kind }) => `the ${kind} wait of ${nodePath} of ${executionId} is still open`),
    ...nodes
      .filter(({ endedAt }) => endedAt === null)
      .map(({ path, status }) => `node ${path} of ${executionId} is still ${status}`),
    ...checkJournal(record, nodes, events),
  ];
}

function checkJournal(
  { id, lastSeq }: ExecutionRecord,
  nodes: readonly NodeRecord[],
  events: readonly ExecutionEvent[],
): readonly string[] {
  const violations: string[] = [];
  const gap = events.findIndex(({ seq }, index) => seq !== index + 1);
  if (gap >= 0) violations.push(`the journal of ${id} has seq ${events[gap]?.seq} at place ${gap + 1}`);
  if (lastSeq !== events.length) violations.push(`lastSeq of ${id} is ${lastSeq}; it has ${events.length} events`);
  const ends = events.filter(({ type }) => /^execution\.(completed|failed|cancelled)$/.test(type));
  if (ends.length !== 1 || events.at(-1) !== ends[0])
    violations.push(`the journal of ${id} ends with ${events.at(-1)?.type} and has ${ends.length} outcomes`);
  const completions = countBy(events, ({ type, nodeId }) => (type === "node.completed" ? nodeId : undefined));
  for (const { path, status } of nodes) {
    const count = completions.get(path) ?? 0;
    if (count !== (status === "completed" ? 1 : 0))
      violations.push(`node ${path} of ${id} is ${status} and has ${count} node.completed`);
  }
  const steps = countBy(events, ({ type, nodeId, data }) =>
    type === "step.completed" ? `${nodeId} ${data.name}` : undefined,
  );
  for (const [step, count] of steps)
    if (count > 1) violations.push(`step ${step} of ${id} was recorded ${count} times`);
  return violations;
}

function countBy<Item>(items: readonly Item[], keyOf: (item: Item) => string | undefined): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const key = keyOf(item);
    if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

// ── what nodes did ───────────────────────────────────────────────────────────

/** What is known of one node path of one execution while the entries are read in order. */
interface Known {
  status?: string;
  attempts: number;
  childId?: string | undefined;
  idempotencyKey?: string;
  readonly attemptIds: Set<string>;
  readonly callsByAttempt: Map<number, number>;
}

function checkCalls(entries: readonly CrashLogEntry[], reruns: number): readonly string[] {
  const known = new Map<string, Known>();
  const recordedSteps = new Set<string>();
  const created = new Set<string>();
  return entries.flatMap((entry) => {
    if (!("executionId" in entry)) return [];
    const place = "path" in entry ? `${entry.path} of ${entry.executionId}` : "";
    switch (entry.what) {
      case "step_recorded":
        recordedSteps.add(`${entry.step} ${place}`);
        return [];
      case "step_ran":
        return recordedSteps.has(`${entry.step} ${place}`) ? [`step ${entry.step} of ${place} ran again`] : [];
      case "created":
        created.add(entry.executionId);
        return [];
      case "recorded":
        Object.assign(knownOf(known, place), {
          status: entry.status,
          attempts: entry.attempts,
          childId: entry.childId,
        });
        return [];
      case "called": {
        const about = knownOf(known, place);
        // A node that chose its child, which was not created before the worker died, may choose the same once more.
        const isChoosing = about.childId !== undefined && !created.has(about.childId);
        return checkCall(entry, about, { place, reruns, status: isChoosing ? undefined : about.status });
      }
      default:
        return [];
    }
  });
}

function knownOf(known: Map<string, Known>, place: string): Known {
  const found = known.get(place) ?? { attempts: 0, attemptIds: new Set(), callsByAttempt: new Map() };
  known.set(place, found);
  return found;
}

function checkCall(
  { attempt, attemptId, idempotencyKey, path, isOnce }: Extract<CrashLogEntry, { what: "called" }>,
  known: Known,
  {
    place,
    reruns,
    status = "running",
  }: { readonly place: string; readonly reruns: number; readonly status: string | undefined },
): readonly string[] {
  const violations: string[] = [];
  // A container that is tried again repeats what failed inside it, counting from 1.
  const isInBody = path.includes("/");
  if (status === "completed" || (status !== "running" && status !== "waiting" && !isInBody))
    violations.push(`${place} ran again (attempt ${attempt}) after it was recorded as ${status}`);
  if (status === "waiting" && attempt <= known.attempts)
    violations.push(`attempt ${attempt} of ${place} ran again after it was recorded`);
  if (known.idempotencyKey !== undefined && known.idempotencyKey !== idempotencyKey)
    violations.push(`${place} got another idempotency key: ${idempotencyKey}, first ${known.idempotencyKey}`);
  if (known.attemptIds.has(attemptId)) violations.push(`${place} got the attempt id ${attemptId} twice`);
  const calls = (known.callsByAttempt.get(attempt) ?? 0) + 1;
  if (isOnce && known.attemptIds.size > 0) violations.push(`${place} is a once node and was called again`);
  if (calls > reruns + 1 && !isInBody) violations.push(`attempt ${attempt} of ${place} was called ${calls} times`);
  known.idempotencyKey = idempotencyKey;
  known.attemptIds.add(attemptId);
  known.callsByAttempt.set(attempt, calls);
  return violations;
}
