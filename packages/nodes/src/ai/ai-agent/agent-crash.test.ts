import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FakeAiProvider, startFakeAiProvider } from "../../../test/support/fake-ai-provider.js";

const TOOL_CALLS = 6;
let folder: string;
let provider: FakeAiProvider;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "automatrix-agent-"));
  provider = await startFakeAiProvider();
});
afterEach(async () => {
  await provider.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A worker on the file of this test; resolves to what it printed once it has ended. */
function work(): { readonly kill: () => void; readonly ended: Promise<string> } {
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx/esm")).href;
  const child = spawn(
    process.execPath,
    [
      "--conditions=@automatrix/source",
      `--import=${tsx}`,
      fileURLToPath(new URL("../../../test/support/agent-child.ts", import.meta.url)),
      join(folder, "engine.db"),
      join(folder, "ledger"),
      provider.openAiUrl,
    ],
    { stdio: ["ignore", "pipe", "inherit"], env: { PATH: process.env["PATH"] } },
  );
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  const ended = new Promise<string>((resolve) => child.once("close", () => resolve(printed)));
  return { kill: () => void child.kill("SIGKILL"), ended };
}

describe("an agent whose worker is killed", () => {
  it("goes on without repeating a call of the model or of a tool that was recorded", { timeout: 60_000 }, async () => {
    // Each call of the model says how many results it was shown; the fourth comes once three tools were called.
    const asked: number[] = [];
    let worker = work();
    const killed = new Promise<void>((resolve) => {
      provider.answerWith(({ body }) => {
        const results = (body.messages as { role: string }[]).filter(({ role }) => role === "tool").length;
        asked.push(results);
        if (results === 3 && asked.filter((count) => count === 3).length === 1) {
          worker.kill();
          resolve();
          return { hang: true };
        }
        if (results === TOOL_CALLS) return { text: "Six things are noted." };
        return { toolCalls: [{ id: `c${results}`, name: "note", arguments: { text: `thing-${results + 1}` } }] };
      });
    });
    await killed;
    await worker.ended;
    worker = work();
    const { status, output } = JSON.parse(await worker.ended);
    expect({ status, text: output.ai_response, steps: output.steps }).toEqual({
      status: "completed",
      text: "Six things are noted.",
      steps: 7,
    });
    // Only the call that was under way is asked again.
    expect(asked).toEqual([0, 1, 2, 3, 3, 4, 5, 6]);
    const lines = readFileSync(join(folder, "ledger"), "utf8").trim().split("\n");
    expect(lines.map((line) => line.split(" ")[0])).toEqual([1, 2, 3, 4, 5, 6].map((n) => `thing-${n}`));
  });
});
