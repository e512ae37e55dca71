import { defineNode, FatalNodeError, type NodeContext, type NodeType, z } from "@automatrix/core";
import { readItems } from "../../parameters/items-parameter.js";
import { checkMetadata, checkText, checkVector, MAX_ID_LENGTH, MAX_RECORD_TEXT_LENGTH } from "../check-records.js";
import { embedTexts, type KnowledgeOptions, requireStore } from "../knowledge-options.js";
import { namespaceParameter } from "../namespace-parameter.js";
import type { Metadata, VectorRecord } from "../vector-store.js";

const MAX_RECORDS = 1_000;

/** A record as an author gives it. */
interface RecordDraft {
  readonly id: string;
  readonly vector?: readonly number[] | undefined;
  readonly text?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** Writes vectors, or texts made into vectors, with their metadata. */
export function createVectorUpsert(options: KnowledgeOptions): NodeType {
  return defineNode({
    type: "vector_upsert",
    label: "Upsert vectors",
    description:
      "Writes records (id, a vector or text to make one of, metadata) to the vector store, in place of those with the same ids.",
    category: "knowledge",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    parameters: () =>
      z.object({
        namespace: namespaceParameter(),
        records: z
          .unknown()
          .optional()
          .describe(
            `List of up to ${MAX_RECORDS} records {id, vector?, text?, metadata?}; the input when left out. Without a vector the text is made into one.`,
          ),
      }),
    example: {
      parameters: { namespace: "manuals" },
      input: [{ id: "brakes-1", text: "Check the brake fluid every two years.", metadata: { model: "X3" } }],
    },
    async execute(ctx) {
      const store = requireStore(options);
      const { namespace } = ctx.parameters;
      const drafts = readRecords(ctx.parameters.records, ctx.input);
      const records = await toRecords(drafts, options, ctx);
      await store.upsert({ tenant: ctx.execution.tenant, namespace }, records);
      return { namespace, count: records.length, ids: records.map(({ id }) => id) };
    },
  });
}

/** @throws FatalNodeError `invalid_input`; the message names the record by its place */
function readRecords(given: unknown, input: unknown): readonly RecordDraft[] {
  const items = readItems(given, input);
  if (items.length > MAX_RECORDS) {
    throw invalid(`${items.length} records are more than ${MAX_RECORDS}; split the list.`);
  }
  const schema = recordSchema();
  return items.map((item, place) => {
    const result = schema.safeParse(item);
    const [issue] = result.error?.issues ?? [];
    if (issue !== undefined)
      throw invalid(`Record ${place + 1} is wrong at "${issue.path.join(".")}": ${issue.message}`);
    const draft = result.data as RecordDraft;
    checkRecord(draft, `record ${place + 1}`);
    return draft;
  });
}

function recordSchema(): z.ZodType {
  return z
    .object({
      id: z.string().min(1).max(MAX_ID_LENGTH),
      vector: z.array(z.number()).optional(),
      text: z.string().optional(),
      metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
    })
    .refine(
      ({ vector, text }) => vector !== undefined || (text !== undefined && text.trim() !== ""),
      "needs a vector or a text.",
    );
}

function checkRecord({ id, vector, text, metadata }: RecordDraft, what: string): void {
  checkText(id, MAX_ID_LENGTH, `The id of ${what}`);
  if (vector !== undefined) checkVector(vector, `The vector of ${what}`);
  if (text !== undefined) checkText(text, MAX_RECORD_TEXT_LENGTH, `The text of ${what}`);
  if (metadata !== undefined) checkMetadata(metadata, `the metadata of ${what}`);
}

async function toRecords(
  drafts: readonly RecordDraft[],
  options: KnowledgeOptions,
  ctx: NodeContext<unknown>,
): Promise<readonly VectorRecord[]> {
  const texts = drafts.flatMap(({ vector, text }) => (vector === undefined ? [text ?? ""] : []));
  const made = (await embedTexts(texts, options, ctx)).values();
  return drafts.map(({ id, vector = made.next().value ?? [], text = null, metadata = {} }) => ({
    id,
    vector,
    text,
    metadata,
  }));
}

function invalid(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "invalid_input" });
}
