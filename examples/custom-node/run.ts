import { createEngine } from "@automatrix/core";
import { memoryStorage } from "@automatrix/core/memory";
import { standardNodes } from "@automatrix/nodes";
import { slugify } from "./slugify.js";
import { publishPost } from "./workflow.js";

await using engine = createEngine({ storage: memoryStorage(), nodes: [...standardNodes(), slugify] });
await engine.start();
const result = await engine.run(publishPost, { input: { title: process.argv[2] ?? "Crème Brûlée for Beginners" } });
process.stdout.write(`${JSON.stringify(result.output)}\n`);
