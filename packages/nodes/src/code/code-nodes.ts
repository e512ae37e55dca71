import type { NodeType } from "@automatrix/core";
import { codeJavascript } from "./code-javascript/code-javascript.js";
import { codePython } from "./code-python/code-python.js";

/** Nodes that run code in a sandbox. */
export const codeNodes: readonly NodeType[] = Object.freeze([codeJavascript, codePython]);
