import { defineConfig } from "vitest/config";

/** The package of an author, whose `@automatrix/core` is the source of this repository. */
export default defineConfig({
  resolve: { conditions: ["@automatrix/source", "node", "import", "module", "default"] },
  ssr: { resolve: { conditions: ["@automatrix/source", "node"], externalConditions: ["@automatrix/source", "node"] } },
  test: { include: ["src/**/*.test.ts"], exclude: [] },
});
