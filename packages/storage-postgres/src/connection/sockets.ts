import { Socket } from "node:net";
import { endsWithin } from "./ends-within.js";

/** The open sockets of some connections: `pg` itself waits without end for a server that has vanished. */
export class Sockets {
  readonly #open = new Set<Socket>();

  /** For the option `stream` of `pg`. */
  readonly create = (): Socket => {
    const socket = new Socket();
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    return socket;
  };

  /** Waits until those that are open now are closed, and cuts them off when that takes longer. */
  async close(limitMs: number): Promise<void> {
    const sockets = [...this.#open];
    const closed = sockets.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    if (await endsWithin(Promise.all(closed), limitMs)) return;
    for (const socket of sockets) socket.destroy();
  }
}
