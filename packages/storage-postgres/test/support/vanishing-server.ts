import net, { type AddressInfo } from "node:net";

/** A way to the server that can go silent, as when its machine loses power: not even an end of a connection comes. */
export interface VanishingServer extends AsyncDisposable {
  readonly connectionString: string;
  vanish(): void;
  /** Answers new connections again; those of before stay silent. */
  comeBack(): void;
}

export async function startVanishingServer(connectionString: string): Promise<VanishingServer> {
  const url = new URL(connectionString);
  const { hostname, port } = url;
  const sockets = new Set<net.Socket>();
  let hasVanished = false;
  const keep = (socket: net.Socket): net.Socket => {
    sockets.add(socket);
    return socket.on("error", () => {});
  };
  let lives = 0;
  const forward = (from: net.Socket, to: net.Socket): void => {
    const life = lives;
    const isSilent = () => hasVanished || life !== lives;
    from.on("data", (bytes) => void (isSilent() || to.write(bytes)));
    from.on("end", () => void (isSilent() || to.end()));
  };
  const server = net.createServer({ allowHalfOpen: true }, (near) => {
    keep(near).resume();
    if (hasVanished) return;
    const far = keep(net.connect({ host: hostname, port: Number(port || 5432), allowHalfOpen: true }));
    forward(near, far);
    forward(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url.hostname = "127.0.0.1";
  url.port = String((server.address() as AddressInfo).port);
  return {
    connectionString: url.href,
    vanish: () => {
      hasVanished = true;
    },
    comeBack: () => {
      hasVanished = false;
      lives += 1;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
