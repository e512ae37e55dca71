import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Redis } from "ioredis";

const READY = "Ready to accept connections";

/** A Redis server of one test, which may be made to refuse writes. */
export interface OwnServer {
  readonly url: string;
  /** For whatever an operator would tell it. */
  readonly admin: Redis;
  stop(): Promise<void>;
}

/** True where a server of one's own can be started. */
export async function canStartServer(): Promise<boolean> {
  const child = spawn("redis-server", ["--version"], { stdio: "ignore" });
  const ended = await Promise.race([
    once(child, "exit").then(([code]) => code === 0),
    once(child, "error").then(() => false),
  ]);
  return ended;
}

/** Starts an empty server that keeps nothing; stop it at the end. */
export async function startOwnServer(): Promise<OwnServer> {
  const port = await freePort();
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] });
  await said(child, READY);
  const url = `redis://127.0.0.1:${port}`;
  const admin = new Redis(url);
  return {
    url,
    admin,
    stop: async () => {
      admin.disconnect();
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function said(child: ChildProcess, text: string): Promise<void> {
  let lines = "";
  for await (const piece of (child.stdout as NonNullable<ChildProcess["stdout"]>).iterator({
    destroyOnReturn: false,
  })) {
    lines += String(piece);
    if (lines.includes(text)) break;
  }
  child.stdout?.resume();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
