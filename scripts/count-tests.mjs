/**
 * Counts the tests in a report of vitest's JSON reporter. A file that failed before any of its tests ran (an import
 * that throws, a syntax error) counts as one failed test; skipped and todo tests count as neither.
 *
 * @param {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} report
 * @returns {{ passed: number, failed: number }}
 */
export function countTests(report) {
  let passed = 0;
  let failed = 0;
  for (const file of report.testResults) {
    const failedInFile = file.assertionResults.filter((test) => test.status === "failed").length;
    passed += file.assertionResults.filter((test) => test.status === "passed").length;
    failed += failedInFile === 0 && file.status === "failed" ? 1 : failedInFile;
  }
  return { passed, failed };
}
