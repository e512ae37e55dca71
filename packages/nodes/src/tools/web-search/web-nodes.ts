import type { NodeType } from "@automatrix/core";
import { webRead } from "../web-read/web-read.js";
import { createWebSearch, type WebSearchOptions } from "./web-search.js";

/** What the web nodes work with. */
export interface WebOptions {
  readonly search?: WebSearchOptions;
}

/** Nodes that search and read the web. */
export function createWebNodes({ search }: WebOptions = {}): readonly NodeType[] {
  return Object.freeze([createWebSearch(search), webRead]);
}
