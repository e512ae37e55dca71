import { createServer, connect as openSocket, type Server, type Socket } from "node:net";

/** A wire to a Redis server that can be cut and mended, as networks and servers are. */
export interface RedisWire {
  readonly url: string;
  /** Ends every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Loses whatever the connections there are carry from now on, and tells neither side. New ones work. */
  silence(): void;
  mend(): Promise<void>;
}

/** Lays a wire to the server at `url`; cut it at the end. */
export async function layWire(url: string): Promise<RedisWire> {
  const target = new URL(url);
  const targetPort = Number(target.port || 6379);
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;

  // Half open: on a wire that fell silent nobody answers the end of a connection.
  const join = (near: Socket) => {
    const far = openSocket({ port: targetPort, host: target.hostname, allowHalfOpen: true });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("error", () => {});
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  };
  const mend = async () => {
    if (server !== undefined) return;
    const next = createServer({ allowHalfOpen: true }, join);
    await new Promise<void>((resolve) => next.listen(port, "127.0.0.1", resolve));
    port = (next.address() as { readonly port: number }).port;
    server = next;
  };
  await mend();
  const own = new URL(url);
  own.hostname = "127.0.0.1";
  own.port = String(port);
  return {
    url: own.href,
    mend,
    silence: () => {
      for (const socket of sockets) socket.unpipe().resume();
    },
    cut: async () => {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      const closed = new Promise<void>((resolve) => closing.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
