import { z } from "@automatrix/core";
import { defineIntegration } from "@automatrix/nodes";

const dice = defineIntegration({
  type: "dice",
  label: "Dice",
  config: z.object({}),
  test: () => undefined,
  actions: { roll: { parameters: z.object({}), effects: "pure", execute: () => 4 } },
});

export const pack = { name: "games", nodes: [], integrations: [dice] };
export const again = pack;
