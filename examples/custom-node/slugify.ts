import { defineNode, z } from "@automatrix/core";

/** Makes a title fit for a web address: `Crème Brûlée!` becomes `creme-brulee`. */
export const slugify = defineNode({
  type: "slugify",
  label: "Slugify",
  description: "Makes a title fit for a web address.",
  category: "data",
  // The same title always gives the same slug, so nothing need be recorded before the next node starts.
  effects: "pure",
  parameters: z.object({
    title: z.string().describe("Text to make an address of"),
    maxLength: z.number().int().positive().default(60).describe("Longest slug, in characters"),
  }),
  output: z.object({ slug: z.string() }),
  ports: ["default", "empty"],
  execute(ctx) {
    const { title, maxLength } = ctx.parameters;
    const slug = toSlug(title).slice(0, maxLength);
    ctx.emit(slug === "" ? "empty" : "default", { slug });
  },
});

function toSlug(title: string): string {
  const withoutAccents = title.normalize("NFKD").replace(/\p{M}/gu, "");
  const words = withoutAccents.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.join("-");
}
