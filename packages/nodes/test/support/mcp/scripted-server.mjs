/** A minimal MCP server over standard streams that misbehaves in the way its argument says. */
import { createInterface } from "node:readline";

const [behaviour = "well"] = process.argv.slice(2);
let listed = 0;
let cancelled = 0;

const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
const tool = (name, inputSchema = { type: "object" }) => ({ name, inputSchema });

const answers = {
  initialize: ({ params }) => ({
    protocolVersion: params.protocolVersion,
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: "scripted", version: "1" },
  }),
  "tools/list": ({ params }) => listTools(params?.cursor),
  "tools/call": ({ params }) => call(params),
  ping: () => ({}),
};

function listTools(cursor) {
  listed += 1;
  if (behaviour === "endless-list") {
    const page = Number(cursor ?? 0);
    return {
      tools: Array.from({ length: 500 }, (_, index) => tool(`t${page}-${index}`)),
      nextCursor: String(page + 1),
    };
  }
  if (behaviour === "bad-schema")
    return { tools: [tool("count", { type: "object", properties: { n: { $ref: "http://x/y" } } })] };
  return {
    tools: [tool("count"), tool("change"), tool("image"), tool("environment"), tool("silence"), tool("cancelled")],
  };
}

function call({ name }) {
  if (behaviour === "die") process.exit(1);
  if (behaviour === "huge") return { content: [{ type: "text", text: "x".repeat(2_000_000) }] };
  if (behaviour === "noise") process.stdout.write('this is no JSON\n{"neither": \n');
  if (behaviour === "stderr") for (let line = 0; line < 20; line++) process.stderr.write(`${"y".repeat(5_000)}\n`);
  if (name === "change") say({ method: "notifications/tools/list_changed" });
  if (name === "image")
    return {
      content: [
        { type: "image", mimeType: "image/png", data: Buffer.from("pixels").toString("base64") },
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
    };
  if (name === "environment") return { content: [{ type: "text", text: JSON.stringify(process.env) }] };
  if (name === "silence") return undefined;
  if (name === "cancelled") return { content: [{ type: "text", text: String(cancelled) }] };
  if (behaviour === "error") return { content: [{ type: "text", text: "no such customer" }], isError: true };
  return { content: [{ type: "text", text: String(listed) }], structuredContent: { listed } };
}

if (behaviour === "stubborn") {
  process.on("SIGTERM", () => undefined);
  setInterval(() => undefined, 1_000);
}
if (behaviour === "no-start") process.exit(3);

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (message.method === "notifications/cancelled") cancelled += 1;
  if (message.id === undefined) return;
  const answer = answers[message.method];
  if (answer === undefined) return say({ id: message.id, error: { code: -32601, message: "no such method" } });
  const result = answer(message);
  // Late enough for what was written to standard error to come first.
  if (result !== undefined) setTimeout(() => say({ id: message.id, result }), behaviour === "stderr" ? 100 : 0);
});
