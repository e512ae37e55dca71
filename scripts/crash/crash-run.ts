import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoragePlace } from "./crash-storage.js";

/** What every run is given. */
export interface CrashRunOptions {
  /** The same seed draws the same moments. */
  readonly seed: number;
  readonly storage: "sqlite" | "postgres";
  /** Of Postgres. */
  readonly connectionString?: string | undefined;
  /** Receives progress, a line at a time. */
  readonly say: (line: string) => void;
}

/** How a run went. */
export interface CrashReport {
  readonly name: string;
  /** Figures for people. */
  readonly summary: string;
  readonly violations: readonly string[];
}

/** Runs in a folder of its own, which is gone afterwards. */
export async function inScratch<Result>(
  { storage, connectionString }: CrashRunOptions,
  run: (scratch: { readonly place: StoragePlace; readonly ledger: string }) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "automatrix-crash-"));
  const place: StoragePlace =
    storage === "sqlite"
      ? { kind: "sqlite", file: join(folder, "crash.db") }
      : {
          kind: "postgres",
          connectionString: connectionString ?? "",
          schema: `crash_${process.pid}_${Date.now()}`,
        };
  try {
    return await run({ place, ledger: join(folder, "ledger.jsonl") });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
