import type { ParkedNode } from "../../waiting/parked-node.js";
import type { ExecutionMask } from "./execution-mask.js";

/** The wait with what people read of it masked. Names of signals and of people stay: by them it is found again. */
export function maskWait(wait: ParkedNode["wait"], mask: ExecutionMask): ParkedNode["wait"] {
  return wait.kind === "approval" ? { ...wait, message: mask.text(String(wait.message)) } : wait;
}
