import type { Limits } from "../definition/limits.js";
import type { NodeRegistry } from "../definition/node-registry.js";
import type { IssueCollector } from "./issue-collector.js";
import type { NodeTypeFinder } from "./node-types.js";

/** What every check of one validation shares. */
export interface ValidationContext {
  readonly issues: IssueCollector;
  readonly registry: NodeRegistry;
  readonly types: NodeTypeFinder;
  readonly limits: Limits;
  /** `id` of the outermost definition. */
  readonly workflowId: string | undefined;
}
