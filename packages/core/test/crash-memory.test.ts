import { describe, it } from "vitest";
import { memoryStorage } from "../src/memory/index.js";
import { crashConformance } from "../src/testing/index.js";

crashConformance({ createStorage: ({ clock }) => memoryStorage({ clock }), describe, it });
