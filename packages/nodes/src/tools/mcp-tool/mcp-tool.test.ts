import { testEngine, testNode } from "@automatrix/core/testing";
import { afterAll, describe, expect, it } from "vitest";
import { everythingServer, isRunning, NODE_COMMAND, scriptedServer } from "../../../test/support/mcp/test-servers.js";
import { McpManager } from "../../mcp/mcp-manager.js";
import { createMcpNodes } from "../../mcp/mcp-nodes.js";
import { createMcpTool } from "./mcp-tool.js";

const manager = new McpManager({
  servers: {
    everything: everythingServer(),
    scripted: scriptedServer("well"),
    failing: scriptedServer("error"),
    "odd schema": scriptedServer("bad-schema"),
  },
  allowedCommands: NODE_COMMAND,
});
afterAll(() => manager.close());

const mcpTool = createMcpTool(manager);
const run = (parameters: Readonly<Record<string, unknown>>, input: unknown = {}) =>
  testNode(mcpTool).parameters(parameters).input(input).run();

describe("mcp_tool", () => {
  it("calls a tool with arguments from expressions", async () => {
    const { output } = await run(
      { server: "everything", tool: "echo", arguments: { message: "{{input.text}}" } },
      { text: "{{ not a template }}" },
    );
    expect(output).toEqual({ content: "Echo: {{ not a template }}", attachments: [] });
  });

  it("answers with structured content", async () => {
    const { output } = await run({
      server: "everything",
      tool: "get-structured-content",
      arguments: { location: "New York" },
    });
    expect(output).toMatchObject({ structuredContent: { temperature: expect.any(Number) } });
  });

  it("puts what is no text into the blob store, and joins the texts", async () => {
    const { output } = await run({ server: "scripted", tool: "image" });
    expect(output).toEqual({
      content: "a\nb",
      attachments: [
        {
          type: "image",
          mimeType: "image/png",
          blob: { $blob: expect.any(String), bytes: 6, contentType: "image/png" },
        },
      ],
    });
  });

  it("reports the tool's progress", async () => {
    const { events } = await run({
      server: "everything",
      tool: "trigger-long-running-operation",
      arguments: { duration: 0.05, steps: 2 },
    });
    expect(events.filter(({ type }) => type === "progress").map(({ data }) => data.fraction)).toContain(0.5);
  });

  it("checks the arguments before anything is called", async () => {
    const { error } = await run({ server: "everything", tool: "get-sum", arguments: { a: "one" } });
    expect(error).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining('The arguments of the MCP tool "get-sum" breaks its schema: '),
    });
  });

  it("calls without a check where the server's schema cannot be used", async () => {
    const { status, logs } = await run({ server: "odd schema", tool: "count", arguments: { n: 1 } });
    expect(status).toBe("completed");
    expect(logs.map(({ level }) => level)).toContain("warn");
  });

  it("fails with the message of a tool that failed", async () => {
    const { error, attempts } = await run({ server: "failing", tool: "count" });
    expect(error).toMatchObject({ code: "mcp_tool_failed", message: 'The MCP tool "count" failed: no such customer' });
    expect(attempts).toBe(1);
  });

  it("names the tools that there are", async () => {
    const { error } = await run({ server: "scripted", tool: "delete_everything" });
    expect(error).toMatchObject({
      code: "mcp_tool_not_found",
      message: expect.stringContaining("count, change, image"),
    });
  });

  it("is retried when the server is killed in mid-call, on a new process", async () => {
    let kills = 0;
    const own = new McpManager({ servers: { it: everythingServer() }, allowedCommands: NODE_COMMAND });
    await using engine = await testEngine({ nodes: [createMcpTool(own)] });
    engine.on("progress", () => {
      const [pid] = own.processIds;
      if (kills === 0 && pid !== undefined && isRunning(pid)) {
        kills += 1;
        process.kill(pid, "SIGKILL");
      }
    });
    const retried = new Promise<void>((resolve) => engine.on("node.retry_scheduled", () => resolve()));
    const handle = await engine.execute({
      nodes: [
        {
          id: "call",
          type: "mcp_tool",
          data: {
            server: "it",
            tool: "trigger-long-running-operation",
            arguments: { duration: 0.4, steps: 8 },
          },
          retry: { maxAttempts: 2, delaysMs: [1_000] },
        },
      ],
    });
    await retried;
    await engine.advance(1_000);
    const { status, nodes } = await handle.result();
    expect({ status, kills, attempts: nodes["call"]?.attempts }).toEqual({
      status: "completed",
      kills: 1,
      attempts: 2,
    });
    await own.close();
  });

  it("tells the server when the execution is cancelled", async () => {
    const own = new McpManager({ servers: { it: scriptedServer("well") }, allowedCommands: NODE_COMMAND });
    await using engine = await testEngine({ nodes: createMcpNodes(own) });
    const call = (tool: string) =>
      engine.execute({ nodes: [{ id: "call", type: "mcp_tool", data: { server: "it", tool } }] });
    await (await call("count")).result();
    const silent = await call("silence");
    await engine.runUntilIdle();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await silent.cancel("enough");
    expect((await silent.result()).status).toBe("cancelled");
    const { output } = await (await call("cancelled")).result();
    expect(output).toMatchObject({ content: "1" });
    await own.close();
  });

  it("names the option to set when no servers are set up", async () => {
    const [node] = createMcpNodes();
    const { error } = await testNode(node as typeof mcpTool)
      .parameters({ server: "x", tool: "y" })
      .run();
    expect(error).toMatchObject({ code: "not_configured", message: expect.stringContaining("mcp.servers") });
  });
});
