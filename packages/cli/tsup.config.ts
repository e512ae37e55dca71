import { packageBuild } from "../../tsup.base.js";

// A command, not a library: it is started, never imported, so it needs neither CommonJS nor types.
export default packageBuild({ entry: { main: "src/main.ts" }, format: ["esm"], dts: false });
