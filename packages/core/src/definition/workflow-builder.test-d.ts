import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { defineNode } from "./define-node.js";
import { defineWorkflow } from "./workflow-builder.js";
import type { WorkflowDefinition } from "./workflow-definition.js";

const start = defineNode({ type: "start", category: "trigger", execute: () => ({}) });
const fetchPage = defineNode({
  type: "fetch_page",
  parameters: z.object({
    url: z.string(),
    limit: z.number().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  execute: (ctx) => ctx.parameters.url,
});
const branch = defineNode({
  type: "branch",
  ports: ["yes", "no"],
  parameters: z.object({ when: z.boolean() }),
  execute: () => ({}),
});
const choose = defineNode({ type: "choose", ports: (parameters) => Object.keys(parameters), execute: () => ({}) });
const loop = defineNode({
  type: "loop",
  bodies: ["body"],
  parameters: z.object({ body: z.custom<WorkflowDefinition>() }),
  execute: () => ({}),
});

describe("defineWorkflow", () => {
  test("the builder and what it builds are definitions", () => {
    const builder = defineWorkflow("page")
      .node("start", start)
      .node("fetch", fetchPage, { url: "{{url}}", limit: 3 })
      .edge("start", "fetch");
    expectTypeOf(builder).toExtend<WorkflowDefinition>();
    expectTypeOf(builder.build()).toEqualTypeOf<WorkflowDefinition>();
    expectTypeOf(builder.settings({ timeoutMs: 5 })).toEqualTypeOf(builder);
  });

  test("any parameter may be an expression", () => {
    defineWorkflow("page").node("fetch", fetchPage, {
      url: "https://a",
      limit: "{{input.limit}}",
      headers: { accept: "{{kind}}" },
    });
    defineWorkflow("page").node("fetch", fetchPage, { label: "Fetch", url: "u", headers: "{{headers}}" });
    // @ts-expect-error text without an expression is no number
    defineWorkflow("page").node("fetch", fetchPage, { url: "https://a", limit: "many" });
  });

  test("a body may be a builder", () => {
    defineWorkflow("outer").node("loop", loop, { body: defineWorkflow("inner").node("start", start) });
  });

  test("an unknown or missing parameter does not compile", () => {
    // @ts-expect-error there is no parameter `link`
    defineWorkflow("page").node("fetch", fetchPage, { url: "https://a", link: "b" });
    // @ts-expect-error `url` is missing
    defineWorkflow("page").node("fetch", fetchPage, {});
    // @ts-expect-error the parameters are missing
    defineWorkflow("page").node("fetch", fetchPage);
  });

  test("an id that was not declared does not compile", () => {
    const builder = defineWorkflow("page").node("start", start).node("fetch", fetchPage, { url: "https://a" });
    // @ts-expect-error unknown source
    builder.edge("begin", "fetch");
    // @ts-expect-error unknown target
    builder.edge("start", "fetched");
    // @ts-expect-error no node yet
    defineWorkflow("empty").edge("start", "fetch");
  });

  test("a duplicate id does not compile", () => {
    // @ts-expect-error the id is taken
    defineWorkflow("page").node("start", start).node("start", start);
  });

  test("an edge leaves a port of its source, or error", () => {
    const builder = defineWorkflow("page")
      .node("branch", branch, { when: true })
      .node("end", start)
      .node("choose", choose, { a: 1 });
    builder
      .edge("branch", "end", { port: "yes" })
      .edge("branch", "end", { port: "error" })
      .edge("choose", "end", { port: "a" });
    // @ts-expect-error there is no port `maybe`
    builder.edge("branch", "end", { port: "maybe" });
    // @ts-expect-error there is no port `yes`
    builder.edge("end", "branch", { port: "yes" });
  });

  test("a node option is checked", () => {
    defineWorkflow("page").node("start", start, {}, { timeoutMs: 5, join: "any" });
    // @ts-expect-error no such join
    defineWorkflow("page").node("start", start, {}, { join: "some" });
  });
});
