import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import PostalMime, { type Email } from "postal-mime";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly mail: Email;
}

export interface MailServer extends AsyncDisposable {
  readonly received: ReceivedMail[];
  readonly credential: Readonly<Record<string, unknown>>;
}

/** A real SMTP server on loopback that keeps what it is sent. */
export async function openMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    disabledCommands: ["STARTTLS"],
    authOptional: true,
    logger: false,
    onData(stream, session, done) {
      const parts: Buffer[] = [];
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => {
        const raw = Buffer.concat(parts);
        const { mailFrom, rcptTo } = session.envelope;
        PostalMime.parse(raw).then((mail) => {
          received.push({
            from: mailFrom === false ? "" : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            raw: raw.toString("utf8"),
            mail,
          });
          done();
        }, done);
      });
    },
    ...options,
  });
  server.on("error", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    received,
    credential: { host: "127.0.0.1", port, from: "Sales <sales@example.com>" },
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export interface ScriptedMailServer extends AsyncDisposable {
  readonly credential: Readonly<Record<string, unknown>>;
  /** Lines that clients sent, data included. */
  readonly lines: string[];
  connections: number;
}

/** An SMTP server that answers each line as told; null ends the connection in the middle. */
export async function openScriptedMailServer(
  answer: (line: string, state: { readonly isData: boolean }) => string | null | undefined,
): Promise<ScriptedMailServer> {
  const sockets = new Set<Socket>();
  const lines: string[] = [];
  const server: Server = createServer((socket) => {
    scripted.connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    let rest = "";
    let isData = false;
    socket.write("220 test\r\n");
    socket.on("data", (chunk: Buffer) => {
      rest += chunk.toString("latin1");
      for (let end = rest.indexOf("\r\n"); end >= 0; end = rest.indexOf("\r\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        lines.push(line);
        if (isData && line !== ".") continue;
        const reply = answer(line, { isData });
        if (reply === null) return socket.destroy();
        isData = reply?.startsWith("354") ?? false;
        if (reply !== undefined) socket.write(`${reply}\r\n`);
      }
      return undefined;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const scripted: ScriptedMailServer = {
    lines,
    connections: 0,
    credential: { host: "127.0.0.1", port: (server.address() as AddressInfo).port, from: "sales@example.com" },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return scripted;
}
