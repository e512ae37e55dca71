import { execSync } from "node:child_process";
import pg from "pg";
import { openEngineAt, workflowOf } from "./dispatch/dispatch-place.js";
import { WorkerProcesses } from "./dispatch/worker-processes.js";
const place = { connectionString: "postgres://postgres@127.0.0.1:5432/postgres?options=-c%20track_functions%3Dall", schema: "zz_d", redis: null };
const admin = new pg.Client({ connectionString: place.connectionString }); await admin.connect();
const cpu = () => { const m: Record<string, number> = {}; for (const l of execSync("cat /proc/[0-9]*/stat 2>/dev/null || true").toString().split("\n")) { const x = /^(\d+) \((.*)\) (.*)$/.exec(l); if (!x) continue; const f = x[3]!.split(" "); m[x[2] + ":" + (x[2] === "node" ? x[1] : "")] = (m[x[2] + ":" + (x[2] === "node" ? x[1] : "")] ?? 0) + Number(f[11]) + Number(f[12]); } return m; };
for (const n of [1, 3]) {
await using engine = await openEngineAt(place, 0);
const prepared = engine.prepare(workflowOf("nap"));
await using ps = await WorkerProcesses.start(n, { run: "engine", place, places: Number(process.argv[2] ?? 10) });
const start = async (count: number) => { let left = count; await Promise.all(Array.from({ length: 50 }, async () => { while (left-- > 0) await engine.execute(prepared); })); };
await ps.timeUntilEnded(200, () => start(200));
await admin.query("select pg_stat_reset()");
const a = cpu();
const ms = await ps.timeUntilEnded(1500, () => start(1500));
const b = cpu();
console.log(n, (1500 * 1000 / ms).toFixed(0) + "/s", ms.toFixed(0), Object.entries(b).map(([k, v]) => [k, (v - (a[k] ?? 0)) * 10] as const).filter(([, v]) => v > 30).map(([k, v]) => `${k} ${v}ms`).join(", "), "me", process.pid);
await new Promise(r => setTimeout(r, 1200));
console.log((await admin.query("select funcname, calls, total_time, total_time/calls*1000 as us from pg_stat_user_functions where schemaname='zz_d'")).rows.map(r => `${r.funcname} ${r.calls} ${r.total_time}ms ${r.us}us`));
}
await admin.query("drop schema zz_d cascade"); await admin.end();
