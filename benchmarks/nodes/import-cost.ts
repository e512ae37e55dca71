import { execFileSync } from "node:child_process";
import { type Spread, spreadOf } from "../statistics.js";

const PROCESSES = 10;

/** What importing a package costs a process that has nothing else to do. */
export interface ImportCost {
  readonly ms: Spread;
  readonly rssBytes: Spread;
  /** Modules of packages other than ours and zod that were loaded. */
  readonly others: readonly string[];
}

/** A child prints how long the import took, its memory, and which files of packages it loaded. */
const CHILD = `
const before = process.memoryUsage().rss;
const startedAt = performance.now();
await import(process.argv[1]);
const ms = performance.now() - startedAt;
const loaded = Object.keys((await import("node:module")).default._cache ?? {});
process.stdout.write(JSON.stringify({ ms, rssBytes: process.memoryUsage().rss - before, loaded }));
`;

/** A package, and the folder from which it is found. */
export interface Imported {
  readonly name: string;
  readonly from: URL;
}

/** Cold processes one after the other, those of the two packages in turns. */
export function measureImports(imported: readonly [Imported, Imported]): readonly [ImportCost, ImportCost] {
  const measured = imported.map(() => ({ ms: [] as number[], rss: [] as number[], loaded: new Set<string>() }));
  for (let process_ = 0; process_ < PROCESSES; process_++)
    for (const [index, { name, from }] of imported.entries()) {
      const text = execFileSync(process.execPath, ["--input-type=module", "--eval", CHILD, name], {
        cwd: from,
        encoding: "utf8",
      });
      const { ms, rssBytes, loaded } = JSON.parse(text) as { ms: number; rssBytes: number; loaded: readonly string[] };
      measured[index]?.ms.push(ms);
      measured[index]?.rss.push(rssBytes);
      for (const file of loaded) measured[index]?.loaded.add(file);
    }
  return measured.map(({ ms, rss, loaded }) => ({
    ms: spreadOf(ms),
    rssBytes: spreadOf(rss),
    others: [...new Set([...loaded].flatMap(packageOf))],
  })) as unknown as readonly [ImportCost, ImportCost];
}

function packageOf(file: string): readonly string[] {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(file)?.[1];
  return name === undefined || name === "zod" || name.startsWith("@automatrix/") ? [] : [name];
}
