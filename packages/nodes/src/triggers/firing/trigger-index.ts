import type { Engine, WorkflowDefinition, WorkflowRecord } from "@automatrix/core";

const PAGE_SIZE = 100;

/** A trigger node of a saved workflow. */
export interface WorkflowTrigger {
  readonly workflowId: string;
  readonly version: number;
  readonly nodeId: string;
  readonly type: string;
  /** As written: nothing runs yet, so that expressions have nothing to refer to. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of the workflow, as its source says. */
  readonly tenant?: string | null | undefined;
}

/**
 * Says which workflows may be started by triggers; by default every saved one, in its newest version. Events and failures
 * of other tenants do not start a workflow that has a `tenant`; null is the tenant of what has none. A workflow whose
 * `tenant` is left out serves every tenant.
 */
export type WorkflowSource = () => AsyncIterable<
  Pick<WorkflowRecord, "id" | "version" | "definition"> & { readonly tenant?: string | null | undefined }
>;

/** Triggers of one definition that are not disabled. */
export function triggersOf(
  definition: WorkflowDefinition,
  isTrigger: (type: string) => boolean,
): readonly Pick<WorkflowTrigger, "nodeId" | "type" | "parameters">[] {
  return definition.nodes
    .filter(({ type, disabled }) => disabled !== true && isTrigger(type))
    .map(({ id, type, data = {} }) => ({ nodeId: id, type, parameters: data }));
}

/** Whether what happened to a tenant may start the workflow of a trigger; null: it happened to no tenant. */
export function isOpenTo({ tenant }: Pick<WorkflowTrigger, "tenant">, affected: string | null): boolean {
  return tenant === undefined || tenant === affected;
}

export async function* savedWorkflows(engine: Engine): AsyncIterable<WorkflowRecord> {
  let cursor: string | undefined;
  do {
    const page = await engine.listWorkflows({ limit: PAGE_SIZE, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}

/** The triggers of all workflows by type, read again when they are older than `refreshMs`. */
export class TriggerIndex {
  readonly #source: WorkflowSource;
  readonly #refreshMs: number;
  readonly #now: () => number;
  #readAt = Number.NEGATIVE_INFINITY;
  #triggers: Promise<ReadonlyMap<string, readonly WorkflowTrigger[]>> = Promise.resolve(new Map());

  constructor(params: { readonly source: WorkflowSource; readonly refreshMs: number; readonly now: () => number }) {
    this.#source = params.source;
    this.#refreshMs = params.refreshMs;
    this.#now = params.now;
  }

  async ofType(type: string): Promise<readonly WorkflowTrigger[]> {
    if (this.#now() - this.#readAt >= this.#refreshMs) {
      this.#readAt = this.#now();
      this.#triggers = this.#read();
      // What could not be read is read again by the next who asks.
      this.#triggers.catch(() => {
        this.#readAt = Number.NEGATIVE_INFINITY;
      });
    }
    return (await this.#triggers).get(type) ?? [];
  }

  async #read(): Promise<ReadonlyMap<string, readonly WorkflowTrigger[]>> {
    const byType = new Map<string, WorkflowTrigger[]>();
    for await (const { id: workflowId, version, definition, tenant } of this.#source())
      for (const trigger of triggersOf(definition, () => true)) {
        const list = byType.get(trigger.type) ?? [];
        list.push({ ...trigger, workflowId, version, tenant });
        byType.set(trigger.type, list);
      }
    return byType;
  }
}
