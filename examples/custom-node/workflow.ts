import { defineWorkflow, type WorkflowDefinition } from "@automatrix/core";
import { end, start } from "@automatrix/nodes";
import { slugify } from "./slugify.js";

/** Typed: an unknown node id, port or parameter does not compile. */
export const publishPost: WorkflowDefinition = defineWorkflow("publish-post")
  .node("start", start)
  .node("make_slug", slugify, { label: "Make slug", title: "{{input.title}}", maxLength: 24 })
  .node("published", end, { output: { address: "/posts/{{input.slug}}" } })
  .node("untitled", end, { output: { address: null } })
  .edge("start", "make_slug")
  .edge("make_slug", "published")
  .edge("make_slug", "untitled", { port: "empty" })
  .build();
