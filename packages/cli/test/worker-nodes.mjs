import { defineNode } from "@automatrix/core";

/** Takes a second. */
export const nap = defineNode({
  type: "nap",
  async execute() {
    process.stderr.write("napping\n");
    await new Promise((resolve) => {
      setTimeout(resolve, 1_000);
    });
  },
});

/** Never ends and does not listen when it is aborted. */
export const stuck = defineNode({
  type: "stuck",
  execute() {
    process.stderr.write("stuck for good\n");
    return new Promise(() => {
      setInterval(() => {}, 1_000);
    });
  },
});
