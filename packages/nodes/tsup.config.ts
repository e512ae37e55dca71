import { packageBuild } from "../../tsup.base.js";

export default packageBuild({
  entry: {
    index: "src/index.ts",
    // Not imported by anybody: the program of the sandbox threads, found by its file name (src/sandbox/thread-file.ts).
    "sandbox-thread": "src/sandbox/thread/main.ts",
  },
});
