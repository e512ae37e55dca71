import type { ExecutionEvent, Storage } from "@automatrix/core";

const PAGE_SIZE = 500;

/** The journal of an execution as it is written now, in pages: it may be long. */
export async function* journalOf(
  storage: Storage,
  { executionId, after = 0 }: { readonly executionId: string; readonly after?: number },
): AsyncGenerator<ExecutionEvent, void, undefined> {
  let seq = after;
  for (;;) {
    const page = await storage.listEvents(executionId, { after: seq, limit: PAGE_SIZE });
    yield* page;
    if (page.length < PAGE_SIZE) return;
    seq = page.at(-1)?.seq ?? seq;
  }
}
