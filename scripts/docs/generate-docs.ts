/** `npm run docs:generate`: writes the computed parts of docs/ anew. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatedFiles, ROOT } from "./generated-docs.js";

for (const { path, text } of generatedFiles()) writeFileSync(join(ROOT, path), text);
