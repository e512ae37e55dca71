import pg from "pg";
import { openEngineAt, workflowOf } from "./dispatch/dispatch-place.js";
const cs = "postgres://postgres@127.0.0.1:5432/postgres"; const schema = "zz_c";
const admin = new pg.Client({ connectionString: cs + "?options=-c%20session_preload_libraries%3Dauto_explain%20-c%20auto_explain.log_min_duration%3D0%20-c%20auto_explain.log_analyze%3Don%20-c%20auto_explain.log_buffers%3Don%20-c%20auto_explain.log_nested_statements%3Don%20-c%20client_min_messages%3Dlog" }); await admin.connect();
await admin.query("drop schema if exists zz_c cascade");
const msgs: string[] = []; let on = false; admin.on("notice", (m) => { if (on) msgs.push(m.message ?? ""); });
{
  await using engine = await openEngineAt({ connectionString: cs, schema, redis: null }, 0);
  const prepared = engine.prepare(workflowOf("nap"));
  for (let i = 0; i < 30; i++) await Promise.all(Array.from({ length: 50 }, () => engine.execute(prepared)));
  // claim one by one and end
  for (let i = 0; i < 900; i++) { if (i === 899) { on = true; } const s = performance.now(); const { rows } = await admin.query({ name: "c", text: `SELECT * FROM zz_c.claim($1, $2::integer, $3, $4, $5::text[])`, values: ["w1", 1, 15000, Date.now(), null] }); const t = performance.now() - s; on = false; if (i % 150 === 149) console.log(i, t.toFixed(2), "ms"); await admin.query(`update zz_c.executions set status='completed', ended_at=1, owner=null where id=$1`, [rows[0].id]); }
}
for (const m of msgs) console.log(m.slice(0, 1800), "\n----");
await admin.query("drop schema zz_c cascade"); await admin.end();
