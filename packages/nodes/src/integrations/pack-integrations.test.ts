import { createEngine, type NodePack, z } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { describe, expect, it } from "vitest";
import { standardNodes } from "../standard-nodes.js";
import { defineIntegration } from "./define-integration.js";
import { createIntegrationNode } from "./integration-node.js";
import { memoryIntegrationStore } from "./integration-store.js";

const greeter = (type = "greeter") =>
  defineIntegration({
    type,
    label: "Greeter",
    config: z.object({ greeting: z.string() }),
    test: () => undefined,
    actions: {
      hello: {
        parameters: z.object({ name: z.string() }),
        execute: ({ config, parameters }) => `${config.greeting}, ${parameters.name}`,
      },
    },
  });

const pack = (name: string, ...integrations: readonly unknown[]): NodePack => ({ name, nodes: [], integrations });

describe("integrations of packs", () => {
  it.each([
    ["the engine alone", false],
    ["the nodes too", true],
  ])("are run like those of the options where %s has the pack", async (_, isGivenTwice) => {
    const manners = pack("manners", greeter());
    const integrationStore = memoryIntegrationStore([{ id: "i1", type: "greeter", config: { greeting: "Hello" } }]);
    await using engine = createEngine({
      storage: memoryStorage(),
      nodes: standardNodes({ ...(isGivenTwice && { packs: [manners] }), integrationStore }),
      plugins: [manners],
    });
    await engine.start();
    const data = { integration_id: "i1", action: "hello", params: { name: "Ada" } };
    const { output } = await engine.run({ nodes: [{ id: "a", type: "integration", data }] });
    expect(output).toBe("Hello, Ada");
  });

  it("may be none", () => {
    expect(() => createIntegrationNode({ packs: [{ name: "plain", nodes: [] }] })).not.toThrow();
  });

  it.each([
    ["one that defineIntegration did not make", { packs: [pack("odd", { ...greeter(), type: 5 }, null)] }, ["odd"]],
    ["a type of another pack", { packs: [pack("first", greeter()), pack("second", greeter())] }, ["first", "second"]],
    [
      "a type of the options",
      { integrations: [greeter()], packs: [pack("late", greeter())] },
      ["late", "integrations"],
    ],
  ])("are refused by the name of the pack: %s", (_, options, named) => {
    for (const name of named)
      expect(() => createIntegrationNode(options)).toThrowError(
        expect.objectContaining({ code: "invalid_configuration", message: expect.stringContaining(name) }),
      );
  });
});
