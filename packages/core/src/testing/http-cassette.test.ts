import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { defineNode } from "../definition/define-node.js";
import { httpCassette } from "./http-cassette.js";
import { testNode } from "./test-node.js";

const folder = mkdtempSync(join(tmpdir(), "automatrix-tape-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SECRET = "k3y-of-the-weather";

const weather = defineNode({
  type: "weather",
  async execute({ http, signal }) {
    const url = `https://weather.example/now?place=Oslo&api_key=${SECRET}`;
    const response = await http(url, { headers: { authorization: SECRET }, method: "post", body: "{}", signal });
    return { status: response.status, retryAfter: response.headers.get("retry-after"), text: await response.text() };
  },
});

it("replays what it recorded, in order, and holds no secret", async () => {
  const file = join(folder, "deep", "weather.json");
  let asked = 0;
  const answers = [
    new Response("slow down", { status: 429, headers: { "retry-after": "3" } }),
    new Response("rain ☂", { status: 200 }),
  ];
  const recorder = httpCassette({ file, record: true, fetch: async () => answers[asked++] as Response });
  const run = (http: typeof recorder.fetch) => testNode(weather).engine({ http }).run();
  const recorded = [await run(recorder.fetch), await run(recorder.fetch)].map(({ output }) => output);
  await recorder.save();
  expect(readFileSync(file, "utf8")).not.toContain(SECRET);
  const tape = httpCassette({ file });
  const replayed = [await run(tape.fetch), await run(tape.fetch), await run(tape.fetch)].map(({ output }) => output);
  expect(replayed).toEqual([...recorded, recorded[1]]);
  expect(recorded[0]).toEqual({ status: 429, retryAfter: "3", text: "slow down" });
  expect(asked).toBe(2);
  await expect(tape.fetch("https://weather.example/else")).rejects.toMatchObject({ code: "cassette_mismatch" });
});

it("says how to make a recording that is not there", () => {
  expect(() => httpCassette({ file: join(folder, "none.json") })).toThrow(/AUTOMATRIX_RECORD=1/);
});
