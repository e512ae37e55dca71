import type { Storage } from "../../ports/storage.js";
import { type TestClock, testClock } from "../test-clock.js";
import { atomicityCases } from "./cases/atomicity-cases.js";
import { blobCases } from "./cases/blob-cases.js";
import { cancelCases } from "./cases/cancel-cases.js";
import { claimCases } from "./cases/claim-cases.js";
import { executionCases, journalCases } from "./cases/execution-cases.js";
import { fencingCases } from "./cases/fencing-cases.js";
import { inboxCases } from "./cases/inbox-cases.js";
import { leaseCases } from "./cases/lease-cases.js";
import { lifeCases } from "./cases/life-cases.js";
import { concurrencyCases, rateCases, refusalCases } from "./cases/limit-cases.js";
import { listCases, workflowCases } from "./cases/list-cases.js";
import { orderCases, tagCases } from "./cases/order-cases.js";
import { newsCases, parkingCases } from "./cases/parking-cases.js";
import { repinCases } from "./cases/repin-cases.js";
import { resendCases } from "./cases/resend-cases.js";
import { retentionCases } from "./cases/retention-cases.js";
import { fireCases, scheduleCases } from "./cases/schedule-cases.js";
import { startCases } from "./cases/start-cases.js";
import { transactionCases } from "./cases/transaction-cases.js";
import { valueCases } from "./cases/value-cases.js";
import type { CaseDraft, CaseGroup } from "./conformance-case.js";

const GROUPS: readonly CaseGroup[] = [
  lifeCases,
  executionCases,
  journalCases,
  startCases,
  atomicityCases,
  resendCases,
  transactionCases,
  fencingCases,
  cancelCases,
  inboxCases,
  newsCases,
  claimCases,
  orderCases,
  tagCases,
  repinCases,
  concurrencyCases,
  refusalCases,
  rateCases,
  parkingCases,
  leaseCases,
  scheduleCases,
  fireCases,
  retentionCases,
  listCases,
  workflowCases,
  blobCases,
  valueCases,
];

/** One case of the conformance kit: `run` rejects when the storage does not do what it says. */
export interface ConformanceCase {
  readonly group: string;
  readonly name: string;
  /** Why it is left out; `run` does nothing then. */
  readonly skip?: string;
  run(): Promise<void>;
}

export interface StorageConformanceOptions {
  /** Makes an empty storage, not yet opened. Called once a case; the kit closes it. */
  readonly createStorage: (parts: { readonly clock: TestClock }) => Storage | Promise<Storage>;
  /** True (default) when leases end by the clock that `createStorage` is given; otherwise those cases are left out. */
  readonly usesTestClock?: boolean;
  /** Of a test runner: given both, every case is registered. */
  readonly describe?: (name: string, register: () => void) => unknown;
  readonly it?: (name: string, run: () => Promise<void>) => unknown;
}

/**
 * What every storage has to do, as cases for any test runner.
 *
 * ```ts
 * import { describe, it } from "vitest";
 * storageConformance({ createStorage: () => myStorage(), describe, it });
 * ```
 */
export function storageConformance(options: StorageConformanceOptions): readonly ConformanceCase[] {
  const groups = GROUPS.map(({ group, cases }) => ({
    group,
    cases: cases.map((draft) => toCase(group, draft, options)),
  }));
  const { describe, it } = options;
  if (describe !== undefined && it !== undefined) {
    for (const { group, cases } of groups) {
      describe(group, () => {
        for (const { name, skip, run } of cases) it(skip === undefined ? name : `${name} (left out: ${skip})`, run);
      });
    }
  }
  return groups.flatMap(({ cases }) => cases);
}

function toCase(
  group: string,
  { name, check, needsClock }: CaseDraft,
  { createStorage, usesTestClock = true }: StorageConformanceOptions,
): ConformanceCase {
  if (needsClock && !usesTestClock)
    return { group, name, skip: "this storage's leases do not end by the test clock", run: async () => {} };
  return {
    group,
    name,
    run: async () => {
      const clock = testClock();
      const storage = await createStorage({ clock });
      try {
        await storage.open();
        await check({ storage, clock });
      } finally {
        await storage.close();
      }
    },
  };
}
