import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const HEAP_LIMIT_MIB = 192;
const DEADLINE_MS = 60_000;

export type ForEachMemory =
  | {
      readonly isWithinLimit: true;
      readonly seconds: number;
      readonly itemsPerSecond: number;
      readonly peakHeapMib: number;
    }
  | { readonly isWithinLimit: false; readonly reason: string };

/** Runs 100,000 items in a process of its own whose heap is limited. */
export async function measureForEach(): Promise<ForEachMemory> {
  const child = fileURLToPath(new URL("./for-each-child.ts", import.meta.url));
  const inherited = process.execArgv.filter((argument) => !argument.startsWith("--max-old-space-size"));
  const args = [`--max-old-space-size=${HEAP_LIMIT_MIB}`, ...inherited, child];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: DEADLINE_MS });
    return {
      isWithinLimit: true,
      ...(JSON.parse(stdout) as { seconds: number; itemsPerSecond: number; peakHeapMib: number }),
    };
  } catch (error) {
    return { isWithinLimit: false, reason: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  const { stderr = "", killed = false } = error as { readonly stderr?: string; readonly killed?: boolean };
  if (killed) return `no answer within ${DEADLINE_MS / 1_000} s`;
  const lines = stderr.split("\n").filter((line) => /error/i.test(line));
  return lines[0]?.trim() ?? String(error).split("\n")[0] ?? "unknown";
}
