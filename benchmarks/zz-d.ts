import { execSync } from "node:child_process";
import { openEngineAt, workflowOf } from "./dispatch/dispatch-place.js";
import { WorkerProcesses } from "./dispatch/worker-processes.js";
const place = { connectionString: "postgres://postgres@127.0.0.1:5432/postgres", schema: "zz_d", redis: process.argv[2] === "claims" ? null : { connection: "redis://127.0.0.1:6379", prefix: "zz_d" } };
const cpu = () => { const m: Record<string, number> = {}; for (const l of execSync("cat /proc/[0-9]*/stat 2>/dev/null || true").toString().split("\n")) { const x = /^(\d+) \((.*)\) (.*)$/.exec(l); if (!x) continue; const f = x[3]!.split(" "); m[x[2] + ":" + (x[2] === "node" ? x[1] : "")] = (m[x[2] + ":" + (x[2] === "node" ? x[1] : "")] ?? 0) + Number(f[11]) + Number(f[12]); } return m; };
{
await using engine = await openEngineAt(place, 0);
const prepared = engine.prepare(workflowOf("trivial"));
await using ps = await WorkerProcesses.start(1, { run: "engine", place, places: 100 });
const start = async (count: number) => { let left = count; await Promise.all(Array.from({ length: 50 }, async () => { while (left-- > 0) await engine.execute(prepared); })); };
await ps.timeUntilEnded(1000, () => start(1000));
for (let k = 0; k < 2; k++) {
const a = cpu(); const s = performance.now(); let sd = 0;
const ms = await ps.timeUntilEnded(5000, () => start(5000).then(() => { sd = performance.now() - s; }));
const b = cpu();
console.log((5000 * 1000 / ms).toFixed(0) + "/s", "producer done after", sd.toFixed(0), "of", ms.toFixed(0), Object.entries(b).map(([k, v]) => [k, (v - (a[k] ?? 0)) * 10] as const).filter(([, v]) => v > 30).map(([k, v]) => `${k} ${v}ms`).join(", "), "me", process.pid);
}
}
