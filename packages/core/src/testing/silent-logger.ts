import type { Logger } from "../ports/logger.js";

const ignore = (): void => {};

/** A logger that says nothing. */
export const silentLogger: Logger = Object.freeze({ debug: ignore, info: ignore, warn: ignore, error: ignore });
