/** `npm run crash`: real processes, killed, stopped and set beside each other. See docs/guides/crash-testing.md. */
import { parseArgs } from "node:util";
import { findPostgres } from "../../packages/storage-postgres/test/support/postgres-server.js";
import { runCluster } from "./cluster.js";
import type { CrashReport, CrashRunOptions } from "./crash-run.js";
import { runKill } from "./kill.js";
import { runPair } from "./pair.js";
import { runZombie } from "./zombie.js";

const HELP = `npm run crash [-- kill|zombie|pair|cluster] [-- OPTIONS]

  kill          kills a worker at random moments, again and again
  zombie        stops a worker for longer than its lease, then wakes it
  pair          lets two processes work on one storage
                all three when none is named
  cluster       kills workers that share a Postgres database, and cuts their connections

  --rounds N      workers to kill (200)
  --executions N  of pair (2000) and cluster (5000)
  --seed N        draws the moments (1)
  --storage NAME  sqlite (default) or postgres; cluster: postgres
  --url URL       postgres://…, with --storage postgres; cluster makes a database of its own on that server
                  (default: $AUTOMATRIX_TEST_POSTGRES, $PGHOST, or port 5432 of this machine)
  --workers N     of cluster (3)
  --seconds N     of cluster: how long workers are killed (60)
  --redis URL     of cluster: workers hear of executions through BullMQ too, whose keys are deleted in the middle;
                  "own" starts a redis-server, which is killed and started again, empty, in the middle
  --help          this text

Exit code 0 when all is well, 1 with a list of what is not, 2 when it was called in a wrong way.
`;

const RUNS = ["kill", "zombie", "pair", "cluster"] as const;
type Run = (typeof RUNS)[number];
/** Those that need no server. */
const DEFAULT_RUNS: readonly Run[] = ["kill", "zombie", "pair"];
const PAIR_EXECUTIONS = 2_000;
const CLUSTER_EXECUTIONS = 5_000;

class UsageError extends Error {}

interface Settings extends CrashRunOptions {
  readonly runs: readonly Run[];
  readonly rounds: number;
  readonly executions: number | undefined;
  readonly workers: number;
  readonly seconds: number;
  readonly redis: string | undefined;
}

function readSettings(): Settings | undefined {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "200" },
      executions: { type: "string" },
      workers: { type: "string", default: "3" },
      seconds: { type: "string", default: "60" },
      redis: { type: "string" },
      seed: { type: "string", default: "1" },
      storage: { type: "string", default: "sqlite" },
      url: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return undefined;
  const { storage, url } = values;
  if (storage !== "sqlite" && storage !== "postgres")
    throw new UsageError(`--storage is sqlite or postgres, not "${storage}".`);
  if (storage === "postgres" && url === undefined && positionals.join() !== "cluster")
    throw new UsageError("--storage postgres needs --url postgres://…");
  const unknown = positionals.find((name) => !RUNS.includes(name as Run));
  if (unknown !== undefined) throw new UsageError(`There is no "${unknown}"; there is ${RUNS.join(", ")}.`);
  return {
    runs: positionals.length === 0 ? DEFAULT_RUNS : (positionals as Run[]),
    rounds: toCount(values.rounds, "--rounds"),
    executions: values.executions === undefined ? undefined : toCount(values.executions, "--executions"),
    workers: toCount(values.workers, "--workers"),
    seconds: toCount(values.seconds, "--seconds"),
    redis: values.redis,
    seed: toCount(values.seed, "--seed"),
    storage,
    connectionString: url,
    say: (line) => process.stderr.write(`${line}\n`),
  };
}

function toCount(text: string, option: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new UsageError(`${option} is a whole number from 1, not "${text}".`);
  return count;
}

function perform(run: Run, settings: Settings): Promise<CrashReport> {
  switch (run) {
    case "kill":
      return runKill(settings);
    case "zombie":
      return runZombie(settings);
    case "pair":
      return runPair({ ...settings, executions: settings.executions ?? PAIR_EXECUTIONS });
    case "cluster":
      return performCluster(settings);
  }
}

async function performCluster(settings: Settings): Promise<CrashReport> {
  const server = settings.connectionString ?? (await findPostgres());
  if (server === undefined) throw new UsageError("No Postgres server answers; name one with --url postgres://….");
  return runCluster({ ...settings, server, executions: settings.executions ?? CLUSTER_EXECUTIONS });
}

async function main(): Promise<number> {
  const settings = readSettings();
  if (settings === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  let exitCode = 0;
  for (const run of settings.runs) {
    const { name, summary, violations } = await perform(run, settings);
    process.stdout.write(`${violations.length === 0 ? "ok  " : "FAIL"} ${name}: ${summary}\n`);
    for (const violation of violations) process.stdout.write(`     - ${violation}\n`);
    if (violations.length > 0) exitCode = 1;
  }
  return exitCode;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage =
    error instanceof UsageError || (error as { readonly code?: string }).code?.startsWith("ERR_PARSE_ARGS");
  process.stderr.write(`${isUsage ? (error as Error).message : String((error as Error).stack)}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
