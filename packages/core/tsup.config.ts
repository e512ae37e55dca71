import { packageBuild } from "../../tsup.base.js";

export default packageBuild({
  entry: { index: "src/index.ts", memory: "src/memory/index.ts", testing: "src/testing/index.ts" },
});
