import { defineNode, FatalNodeError, type NodeContext, type NodeType, z } from "@automatrix/core";
import { checkFilter, checkText, checkVector, MAX_DIMENSIONS, MAX_RECORD_TEXT_LENGTH } from "../check-records.js";
import { embedTexts, type KnowledgeOptions, requireStore } from "../knowledge-options.js";
import { namespaceParameter } from "../namespace-parameter.js";

const DEFAULT_TOP_K = 5;
const MAX_TOP_K = 100;

interface Wanted {
  readonly text?: string | undefined;
  readonly vector?: readonly number[] | undefined;
}

/** Finds the records that are most similar to a vector or a text. */
export function createVectorSearch(options: KnowledgeOptions): NodeType {
  return defineNode({
    type: "vector_search",
    label: "Search vectors",
    description:
      "Finds the records of a namespace that are most similar to a text or a vector: a list of {id, score, text, metadata}, best first.",
    category: "knowledge",
    effects: "idempotent",
    permissions: ["net", "credentials"],
    parameters: () => {
      const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
      return z
        .object({
          namespace: namespaceParameter(),
          text: z
            .string()
            .min(1)
            .max(MAX_RECORD_TEXT_LENGTH)
            .optional()
            .describe("What to look for; the input when it is text and no vector is given."),
          vector: z.array(z.number()).min(1).max(MAX_DIMENSIONS).optional().describe("What to look for, as a vector."),
          topK: z
            .number()
            .int()
            .min(1)
            .max(MAX_TOP_K)
            .default(DEFAULT_TOP_K)
            .describe(`How many records at most, up to ${MAX_TOP_K}.`),
          minScore: z
            .number()
            .min(-1)
            .max(1)
            .default(-1)
            .describe("Leaves out records that are less similar than this (cosine, 1 is the same direction)."),
          filter: z
            .record(z.string(), z.union([value, z.array(value).min(1)]))
            .default({})
            .describe("Values, or lists of accepted values, that the metadata must have."),
        })
        .refine(({ text, vector }) => text === undefined || vector === undefined, "Give text or a vector, not both.");
    },
    example: { parameters: { namespace: "manuals", text: "brake fluid", topK: 3, filter: { model: "X3" } } },
    async execute(ctx) {
      const store = requireStore(options);
      const { namespace, topK, minScore, filter } = ctx.parameters;
      checkFilter(filter);
      const vector = await toVector(ctx.parameters, options, ctx);
      const space = { tenant: ctx.execution.tenant, namespace };
      const matches = await store.search(space, { vector, limit: topK, filter, signal: ctx.signal });
      return matches.filter(({ score }) => score >= minScore);
    },
  });
}

async function toVector(
  { text, vector }: Wanted,
  options: KnowledgeOptions,
  ctx: NodeContext<unknown>,
): Promise<readonly number[]> {
  if (vector !== undefined) {
    checkVector(vector, "The vector");
    return vector;
  }
  const wanted: unknown = text ?? ctx.input;
  if (typeof wanted !== "string" || wanted.trim() === "") {
    throw new FatalNodeError("Nothing to look for: give `text` or `vector`, or text as input.", {
      code: "invalid_input",
    });
  }
  checkText(wanted, MAX_RECORD_TEXT_LENGTH, "The text");
  const [made] = await embedTexts([wanted], options, ctx);
  return made ?? [];
}
