import net, { type AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Sockets } from "./sockets.js";

describe("the sockets of connections", () => {
  let server: net.Server;
  const accepted: net.Socket[] = [];

  beforeEach(async () => {
    server = net.createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket.resume()));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  afterEach(async () => {
    for (const socket of accepted.splice(0)) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  const connect = async (sockets: Sockets): Promise<net.Socket> => {
    const socket = sockets.create();
    const { port } = server.address() as AddressInfo;
    await new Promise<void>((resolve) => socket.connect(port, "127.0.0.1", resolve));
    return socket;
  };

  it("are cut off where the other side does not say goodbye in time", async () => {
    const sockets = new Sockets();
    const socket = await connect(sockets);
    socket.end();
    await sockets.close(10);
    expect(socket.destroyed).toBe(true);
  });

  it("are waited for while they close by themselves", async () => {
    const sockets = new Sockets();
    const socket = await connect(sockets);
    let hasClosed = false;
    socket.once("close", () => {
      hasClosed = true;
    });
    const closing = sockets.close(60_000);
    socket.end();
    await expect.poll(() => accepted.length).toBe(1);
    accepted[0]?.end();
    await closing;
    expect(hasClosed).toBe(true);
  });
});
