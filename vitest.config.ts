import { defineConfig } from "vitest/config";

/** Resolves `@automatrix/*` to the TypeScript sources, so that tests need no build. */
const SOURCE_CONDITION = "@automatrix/source";

export default defineConfig({
  resolve: { conditions: [SOURCE_CONDITION, "node", "import", "module", "default"] },
  ssr: {
    resolve: {
      // Handed to Node as they are: with "import" among them, a `require` inside a dependency would get ES modules.
      conditions: [SOURCE_CONDITION, "node"],
      externalConditions: [SOURCE_CONDITION, "node"],
    },
  },
  test: {
    include: [
      "packages/*/{src,test}/**/*.test.ts",
      "examples/**/*.test.ts",
      "benchmarks/**/*.test.ts",
      "scripts/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**", "**/dist/**"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    dangerouslyIgnoreUnhandledErrors: false,
    restoreMocks: true,
    typecheck: {
      // Type tests are on in a full `npm test` (scripts/test.mjs passes --typecheck), off in a filtered run.
      include: ["packages/*/{src,test}/**/*.test-d.ts"],
      tsconfig: "./tsconfig.json",
      // Only the type tests count here; errors elsewhere are found by `npm run typecheck`.
      ignoreSourceErrors: true,
    },
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      // Guests of the sandbox run in threads that the coverage does not see.
      exclude: ["**/*.test.ts", "**/*.test-d.ts", "packages/nodes/src/sandbox/thread/**"],
      reporter: ["text-summary", "json-summary"],
      reportsDirectory: "coverage",
    },
  },
});
