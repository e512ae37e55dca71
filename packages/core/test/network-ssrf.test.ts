import type { LookupAddress } from "node:dns";
import { afterEach, describe, expect, it } from "vitest";
import { GuardedHttp, type GuardedHttpParams } from "../src/network/guarded-http.js";
import { systemClock } from "../src/system/system-clock.js";
import { httpServer } from "./network-server.js";

const opened: GuardedHttp[] = [];
const LOOPBACK = ["127.0.0.1", "::1"];

/** No test asks a name server. */
function guarded(params: Partial<GuardedHttpParams> = {}): GuardedHttp {
  const resolve = resolver({ localhost: [LOOPBACK], "localhost.": [LOOPBACK] });
  const http = new GuardedHttp({ clock: systemClock, resolve, ...params });
  opened.push(http);
  return http;
}

/** A resolver that answers a name with the next of its lists, the last for ever. */
function resolver(
  answers: Readonly<Record<string, readonly (readonly string[])[]>>,
): GuardedHttpParams["resolve"] & {} {
  const calls = new Map<string, number>();
  return (name, _options, callback) => {
    const lists = answers[name] ?? [];
    const call = calls.get(name) ?? 0;
    calls.set(name, call + 1);
    const addresses = lists[Math.min(call, lists.length - 1)] ?? [];
    const found: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    setImmediate(() => callback(null, found));
  };
}

/** In place of sockets: writes down where it would have connected, and connects nowhere. */
function recorder() {
  const connected: string[] = [];
  const makeConnector: GuardedHttpParams["makeConnector"] & {} =
    ({ lookup }) =>
    (options, callback) => {
      const isLiteral = /^[\d.]+$|:/.test(options.hostname);
      const end = (address: string) => {
        connected.push(address);
        callback(Object.assign(new Error("stub"), { code: "ECONNREFUSED", syscall: "connect" }), null);
      };
      if (isLiteral) return end(options.hostname);
      lookup(options.hostname, { all: true }, (error, addresses) => {
        if (error !== null) return callback(error, null);
        for (const { address } of addresses as LookupAddress[]) end(address);
      });
    };
  return { connected, makeConnector };
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((http) => http.close()));
});

describe("a server on loopback that must not be called", () => {
  const spellings = (port: number) => [
    `http://127.0.0.1:${port}/`,
    `http://127.1:${port}/`,
    `http://2130706433:${port}/`,
    `http://0x7f000001:${port}/`,
    `http://0x7f.0x0.0x0.0x1:${port}/`,
    `http://0177.0.0.01:${port}/`,
    `http://017700000001:${port}/`,
    `http://127.0.0.1.:${port}/`,
    `http://0.0.0.0:${port}/`,
    `http://0:${port}/`,
    `http://１２７.０.０.１:${port}/`,
    `http://①②⑦.⓪.⓪.①:${port}/`,
    `http://127。0。0。1:${port}/`,
    `http://%31%32%37.0.0.1:${port}/`,
    `http://[::]:${port}/`,
    `http://[::1]:${port}/`,
    `http://[0:0:0:0:0:0:0:1]:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://[::ffff:7f00:1]:${port}/`,
    `http://[::127.0.0.1]:${port}/`,
    `http://localhost:${port}/`,
    `http://LOCALHOST.:${port}/`,
    `http:\\\\127.0.0.1:${port}\\`,
    ` http://127.0.0.1:${port}/ `,
    `hTTp:127.0.0.1:${port}`,
  ];

  it("is reached by none of the spellings of its address", async () => {
    await using canary = await httpServer((_, answer) => answer.end("caught"), "::");
    const http = guarded();
    for (const url of spellings(canary.port)) {
      await expect(http.fetch(url), url).rejects.toMatchObject({ code: "address_refused", name: "FatalNodeError" });
    }
    expect(canary.connections).toBe(0);
  });

  it.each([
    "http://user:s3cret@127.0.0.1/",
    "http://example.com@127.0.0.1/",
    "http://127.0.0.1#@example.com@127.0.0.1/",
    "http://:s3cret@127.0.0.1/",
  ])("is not reached by %s, whose secrets are not told", async (url) => {
    const failure = await guarded()
      .fetch(url)
      .catch((error: unknown) => error);
    expect(["invalid_url", "address_refused"]).toContain((failure as { code: string }).code);
    expect((failure as Error).message).not.toContain("s3cret");
  });

  it("is not reached by a redirect of an allowed server, in any spelling", async () => {
    await using canary = await httpServer((_, answer) => answer.end("caught"), "::");
    const targets = [
      ...spellings(canary.port),
      `//127.0.0.1:${canary.port}/`,
      "file:///etc/passwd",
      "data:,x",
      "gopher://a/",
    ];
    await using redirecting = await httpServer((request, answer) => {
      const location = encodeURI(targets[Number(request.url?.slice(1))]?.trim() ?? "");
      answer.writeHead(302, { location: location.replaceAll("%25", "%") }).end();
    });
    const http = guarded({ options: { allow: [`127.0.0.1:${redirecting.port}`] } });
    for (const index of targets.keys()) {
      await expect(http.fetch(`${redirecting.origin}/${index}`), targets[index]).rejects.toMatchObject({
        code: expect.stringMatching(/^(address|redirect)_refused$/),
      });
    }
    expect(canary.connections).toBe(0);
  });

  it("is not reached by a name that changes what it resolves to", async () => {
    await using canary = await httpServer((_, answer) => answer.end("caught"));
    const { connected, makeConnector } = recorder();
    const resolve = resolver({ "rebind.test": [["93.184.216.34"], ["127.0.0.1"]] });
    const http = guarded({ resolve, makeConnector });
    await expect(http.fetch(`http://rebind.test:${canary.port}/`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(http.fetch(`http://rebind.test:${canary.port}/`)).rejects.toMatchObject({ code: "address_refused" });
    expect(connected).toEqual(["93.184.216.34"]);
    expect(canary.connections).toBe(0);
  });

  it("is not reached through the real socket by a name that resolves to it", async () => {
    await using canary = await httpServer((_, answer) => answer.end("caught"));
    const http = guarded({ resolve: resolver({ "sneaky.test": [["127.0.0.1", "::1", "::ffff:127.0.0.1"]] }) });
    await expect(http.fetch(`http://sneaky.test:${canary.port}/`)).rejects.toMatchObject({
      code: "address_refused",
      message: expect.not.stringContaining("127.0.0.1"),
    });
    expect(canary.connections).toBe(0);
  });

  it("is reached once its name or address is allowed", async () => {
    await using server = await httpServer((_, answer) => answer.end("welcome"));
    const resolve = resolver({ "erp.test": [["127.0.0.1"]], "other.test": [["127.0.0.1"]] });
    const http = guarded({ resolve, options: { allow: [`erp.test:${server.port}`] } });
    expect(await (await http.fetch(`http://erp.test:${server.port}/`)).text()).toBe("welcome");
    await expect(http.fetch(`http://other.test:${server.port}/`)).rejects.toMatchObject({ code: "address_refused" });
    await expect(http.fetch(`${server.origin}/`)).rejects.toMatchObject({ code: "address_refused" });
    const byRange = guarded({ resolve, options: { allow: ["loopback"] } });
    expect(await (await byRange.fetch(`http://other.test:${server.port}/`)).text()).toBe("welcome");
  });
});

describe("addresses that are not public, with a stub in place of the socket", () => {
  it.each([
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "192.168.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "2001:0:a9fe:a9fe::1",
  ])("never tries %s, neither as a literal nor behind a name", async (address) => {
    const { connected, makeConnector } = recorder();
    const http = guarded({ makeConnector, resolve: resolver({ "name.test": [[address]] }) });
    const literal = address.includes(":") ? `[${address}]` : address;
    await expect(http.fetch(`http://${literal}/`)).rejects.toMatchObject({ code: "address_refused" });
    await expect(http.fetch("https://name.test/")).rejects.toMatchObject({ code: "address_refused" });
    expect(connected).toEqual([]);
  });

  it("tries only the public ones of several", async () => {
    const { connected, makeConnector } = recorder();
    const resolve = resolver({ "mixed.test": [["10.0.0.1", "93.184.216.34", "::1"]] });
    await expect(guarded({ makeConnector, resolve }).fetch("http://mixed.test/")).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
    expect(connected).toEqual(["93.184.216.34"]);
  });

  it("never tries a port of another protocol on a public address, unless it is allowed", async () => {
    const { connected, makeConnector } = recorder();
    const resolve = resolver({ "mail.test": [["93.184.216.34"]] });
    const refusing = guarded({ makeConnector, resolve });
    for (const url of ["http://mail.test:25/", "https://mail.test:465/", "http://93.184.216.34:6667/"]) {
      await expect(refusing.fetch(url)).rejects.toMatchObject({
        name: "FatalNodeError",
        code: "address_refused",
        details: { kind: "port" },
      });
    }
    expect(connected).toEqual([]);
    const allowing = guarded({ makeConnector, resolve, options: { allow: ["mail.test:25"] } });
    await expect(allowing.fetch("http://mail.test:25/")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(allowing.fetch("http://mail.test:110/")).rejects.toMatchObject({ code: "address_refused" });
    expect(connected).toEqual(["93.184.216.34"]);
  });

  it("does not count refusals against the host", async () => {
    const http = guarded();
    for (let call = 0; call < 8; call++) {
      await expect(http.fetch("http://127.0.0.1:9/")).rejects.toMatchObject({ code: "address_refused" });
    }
  });

  it.each(["file:///etc/passwd", "ftp://example.com/", "data:,x", "gopher://example.com/", "blob:null/x"])(
    "refuses the protocol of %s",
    async (url) => {
      await expect(guarded().fetch(url)).rejects.toMatchObject({ code: "address_refused" });
    },
  );

  it.each(["", "no url", "//example.com", "http://", "http://[::1", "http://a b/", "http://256.0.0.1/"])(
    "says of %j that it is no URL",
    async (url) => {
      await expect(guarded().fetch(url)).rejects.toMatchObject({ code: "invalid_url" });
    },
  );
});
