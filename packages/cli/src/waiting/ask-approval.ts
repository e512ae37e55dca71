import { createInterface } from "node:readline/promises";

/**
 * Asks the person at the terminal to approve or reject.
 * @returns undefined when the question was withdrawn or input ended
 */
export async function askApproval(question: string, signal: AbortSignal): Promise<"approve" | "reject" | undefined> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new AbortController();
  terminal.once("close", () => closed.abort());
  // While a line is edited Ctrl-C reaches the editor, not the process.
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    for (;;) {
      const answer = await terminal.question(`${question} Approve? [y/n] `, {
        signal: AbortSignal.any([signal, closed.signal]),
      });
      if (/^y(es)?$/i.test(answer.trim())) return "approve";
      if (/^no?$/i.test(answer.trim())) return "reject";
    }
  } catch (error) {
    if (signal.aborted || closed.signal.aborted) return undefined;
    throw error;
  } finally {
    terminal.close();
  }
}
