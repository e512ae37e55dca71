import { createServer, type RequestListener, type Server } from "node:http";
import {
  type AddressInfo,
  createServer as createSocketServer,
  type Socket,
  type Server as SocketServer,
} from "node:net";

export interface LoopbackServer extends AsyncDisposable {
  readonly port: number;
  /** Such as `http://127.0.0.1:1234`. */
  readonly origin: string;
  /** Connections taken so far. */
  readonly connections: number;
}

/** An HTTP server on loopback. */
export function httpServer(listener: RequestListener, host = "127.0.0.1"): Promise<LoopbackServer> {
  return listen(createServer(listener), host);
}

/** An HTTP server on loopback at the first of these ports that is free. */
export async function httpServerAt(ports: readonly number[], listener: RequestListener): Promise<LoopbackServer> {
  for (const port of ports) {
    const server = await listen(createServer(listener), "127.0.0.1", port).catch(() => undefined);
    if (server !== undefined) return server;
  }
  throw new Error(`None of the ports ${ports.join(", ")} is free.`);
}

/** A server that says what the test makes it say, byte by byte. */
export function rawServer(onSocket: (socket: Socket) => void): Promise<LoopbackServer> {
  return listen(
    createSocketServer((socket) => {
      socket.on("error", () => undefined);
      onSocket(socket);
    }),
    "127.0.0.1",
  );
}

/** Answers every request with these bytes, then ends the connection. */
export function answering(bytes: string | Buffer): Promise<LoopbackServer> {
  return rawServer((socket) => socket.once("data", () => socket.end(bytes)));
}

async function listen(server: Server | SocketServer, host: string, at = 0): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
