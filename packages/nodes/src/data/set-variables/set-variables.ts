import { defineNode, z } from "@automatrix/core";

/** Sets variables for everything downstream; the input passes through. */
export const setVariables = defineNode({
  type: "set_variables",
  label: "Set variables",
  description: "Sets variables for everything downstream; the input passes through.",
  category: "data",
  effects: "pure",
  parameters: () =>
    z.object({
      variables: z.record(z.string().min(1), z.unknown()).describe("Values by name; read them as {{vars.name}}."),
    }),
  example: { parameters: { variables: { region: "eu" } }, input: { lead: 7 }, output: { lead: 7 } },
  execute(ctx) {
    ctx.setVariables(ctx.parameters.variables);
    return ctx.input;
  },
});
