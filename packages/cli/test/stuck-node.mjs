import { defineNode } from "@automatrix/core";

/** Never ends and does not listen when it is aborted. */
export const stuck = defineNode({
  type: "stuck",
  execute() {
    process.stderr.write("node is stuck\n");
    return new Promise(() => {
      setInterval(() => {}, 1_000);
    });
  },
});
