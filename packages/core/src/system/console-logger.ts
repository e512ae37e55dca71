import type { Logger } from "../ports/logger.js";

/** Warnings and errors of the engine on stderr; nothing else. */
export const consoleLogger: Logger = Object.freeze({
  debug: () => {},
  info: () => {},
  warn: (message: string, fields?: Readonly<Record<string, unknown>>) =>
    console.warn(`[automatrix] ${message}`, fields ?? ""),
  error: (message: string, fields?: Readonly<Record<string, unknown>>) =>
    console.error(`[automatrix] ${message}`, fields ?? ""),
});
