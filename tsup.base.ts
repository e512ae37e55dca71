import { defineConfig, type Options } from "tsup";

const MAX_LINE_LENGTH = 160;

/** The build every package shares: ESM, CommonJS and types, dependencies left external. */
export function packageBuild(options: Options): ReturnType<typeof defineConfig> {
  return defineConfig({
    format: ["esm", "cjs"],
    // `AUTOMATRIX_BUILD_TYPES=false` skips the types, the slow part, where only running code is wanted (`npm run bench`).
    dts: process.env["AUTOMATRIX_BUILD_TYPES"] !== "false",
    target: "node20",
    platform: "node",
    sourcemap: true,
    clean: true,
    // Entries share their modules: an error class or a symbol exists once whichever subpath it came through.
    splitting: true,
    // import.meta.url works in the CommonJS build.
    shims: true,
    tsconfig: "tsconfig.build.json",
    silent: true,
    // Comments and indentation are half of what is read at each start; names stay, for stack traces.
    esbuildOptions(esbuild, { format }) {
      // The step that turns ES modules into CommonJS afterwards does not read minified code.
      if (format !== "esm") return;
      esbuild.minifyWhitespace = true;
      esbuild.minifySyntax = true;
      esbuild.legalComments = "none";
      // Node.js shows the line on which an uncaught error was thrown.
      esbuild.lineLimit = MAX_LINE_LENGTH;
    },
    ...options,
  });
}
