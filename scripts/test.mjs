/**
 * `npm test [-- ARGS]`: all tests, or those the arguments pick (they go to vitest unchanged). Type tests run too when
 * nothing is picked. The last line is always `N passed, N failed`; the exit code is 0 only when something passed and
 * nothing failed.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed, run, runScript, say } from "./bootstrap.mjs";
import { countTests } from "./count-tests.mjs";

await runScript(async (args) => {
  const { exitCode, passed, failed } = await runTests(args);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  return exitCode;
});

async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), "automatrix-test-"));
  const report = join(folder, "report.json");
  try {
    const exitCode = await run(
      process.execPath,
      [
        installed("vitest", "vitest.mjs"),
        "run",
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${report}`,
        ...(args.length === 0 ? ["--typecheck"] : []),
        ...args,
      ],
      // No standard input: nothing here may wait for a key.
      { stdio: ["ignore", "inherit", "inherit"] },
    );
    return judge(exitCode, readReport(report));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function judge(vitestExitCode, report) {
  if (report === undefined) {
    say("vitest ended without a report; read its output above");
    return { exitCode: vitestExitCode || 1, passed: 0, failed: 1 };
  }
  const { passed, failed } = countTests(report);
  if (passed + failed === 0) {
    say("no test ran, which counts as a failure: check the file names or the filter");
    return { exitCode: vitestExitCode || 1, passed, failed };
  }
  if (vitestExitCode !== 0 && failed === 0) {
    // An unhandled error or a coverage threshold: no single test is to blame, but the run did fail.
    return { exitCode: vitestExitCode, passed, failed: 1 };
  }
  return { exitCode: vitestExitCode || (failed > 0 ? 1 : 0), passed, failed };
}
