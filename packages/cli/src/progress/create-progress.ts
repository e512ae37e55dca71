import { toDrawableGraph } from "../picture/drawable-graph.js";
import type { Streams } from "../streams.js";
import { lineProgress } from "./line-progress.js";
import { LiveProgress } from "./live-progress.js";
import { NodeBoard } from "./node-board.js";
import { type Progress, silentProgress } from "./progress.js";

/** Live rows on a terminal, plain lines elsewhere, nothing under `--quiet`. */
export function createProgress(
  definition: unknown,
  params: { readonly streams: Streams; readonly quiet: boolean },
): Progress {
  if (params.quiet) return silentProgress;
  const board = new NodeBoard(toDrawableGraph(definition));
  const { errors, color } = params.streams;
  return errors.isTTY === true ? new LiveProgress({ board, output: errors, color }) : lineProgress(board, errors);
}
