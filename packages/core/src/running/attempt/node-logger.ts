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
      const text = String(message).slice(0, limits.maxLogBytesPerNode - attempt.logBytes);
      attempt.logLines++;
      attempt.logBytes += text.length;
      logger[level](text, { executionId: runner.id, nodeId: attempt.path, attempt: attempt.number, ...fields });
      runner.writer.emitLive("log", attempt, { level, message: text, fields });
    };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}
