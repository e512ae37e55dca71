import { conformance } from "@automatrix/core/testing";
import { describe, it } from "vitest";
import { createWebNodes } from "./web-nodes.js";

for (const node of createWebNodes()) conformance(node, { describe, it });
