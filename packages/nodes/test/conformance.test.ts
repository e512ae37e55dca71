import { conformance } from "@automatrix/core/testing";
import { describe, it } from "vitest";
import { standardNodes } from "../src/index.js";

const nodes = standardNodes();
/** Bodies and children of examples are made of them. */
const engine = { nodes };

describe("every standard node keeps the contract of nodes", () => {
  for (const node of nodes) conformance(node, { engine, describe, it });
});
