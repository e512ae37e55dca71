#!/usr/bin/env node
import { runCommandLine } from "./command-line.js";
import { processStreams } from "./streams.js";

// `automatrix … | head` closes the pipe early; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit();
  throw error;
});

process.exitCode = await runCommandLine(process.argv.slice(2), processStreams());
