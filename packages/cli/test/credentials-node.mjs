import { defineNode } from "@automatrix/core";

/** Shows the password of the credential `mailer`, as no node should. */
export const reader = defineNode({
  type: "reader",
  credentials: ["smtp"],
  async execute(ctx) {
    const { password } = await ctx.credentials("mailer");
    return { length: password.length, password };
  },
});
