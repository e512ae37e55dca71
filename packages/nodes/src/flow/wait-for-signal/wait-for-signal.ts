import { defineNode, z } from "@automatrix/core";

/** Waits for a signal sent to the execution; its payload is the output. */
export const waitForSignal = defineNode({
  type: "wait_for_signal",
  label: "Wait for signal",
  description: "Waits for a signal sent to the execution; its payload is the output. A signal that came early counts.",
  category: "flow",
  effects: "pure",
  ports: ["default", "timed_out"],
  parameters: () =>
    z.object({
      signal: z.string().min(1).max(256).describe("Name of the signal."),
      timeoutMs: z
        .number()
        .min(0)
        .max(Number.MAX_SAFE_INTEGER)
        .optional()
        .describe(
          "How long to wait, in milliseconds; then `timed_out` is taken, or the node fails when nothing is connected to it.",
        ),
    }),
  example: { parameters: { signal: "payment_received", timeoutMs: 86_400_000 } },
  execute({ parameters, wait }) {
    const { signal, timeoutMs } = parameters;
    return wait.signal(signal, timeoutMs === undefined ? {} : { timeoutMs });
  },
});
