import type { Logger } from "../../ports/logger.js";
import type { NodeAttempt } from "./node-attempt.js";

type Level = keyof Logger;

/** Logs of a node: passed to the engine's logger and to listeners, within limits. */
export function createNodeLogger(attempt: NodeAttempt): Logger {
  const log =
    (level: Level) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const { runner } = attempt.scope;
      const { limits, logger } = runner.services;
      if (
        attempt.isSettled ||
        attempt.logLines >= limits.maxLogLinesPerNode ||
        attempt.logBytes >= limits.maxLogBytesPerNode
      )
        return;
      const { mask } = runner;
      // Masked before it is cut: the beginning of a secret is none that could be found.
      const whole = mask === undefined ? String(message) : mask.text(String(message));
      const text = whole.slice(0, limits.maxLogBytesPerNode - attempt.logBytes);
      const shown = mask === undefined ? fields : (mask.value(fields) as typeof fields);
      attempt.logLines++;
      attempt.logBytes += text.length;
      logger[level](text, { executionId: runner.id, nodeId: attempt.path, attempt: attempt.number, ...shown });
      runner.writer.emitLive("log", attempt, { level, message: text, fields: shown });
    };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}
