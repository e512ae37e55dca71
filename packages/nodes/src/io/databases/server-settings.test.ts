import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprintOf, parseServerSettings } from "./server-settings.js";

describe("parseServerSettings", () => {
  it("reads addresses and single parts alike", () => {
    const expected = {
      kind: "postgres",
      host: "db.example",
      port: 6543,
      user: "us er",
      password: "p@ss/word",
      database: "shop",
      tls: { rejectUnauthorized: true },
    };
    const url = "postgresql://us%20er:p%40ss%2Fword@db.example:6543/shop?sslmode=require";
    const { kind: type, tls: ssl, ...parts } = expected;
    for (const given of [url, { url }, { connectionString: url }, { value: url }, { type, ssl, ...parts }]) {
      expect(parseServerSettings(given, "x")).toEqual(expected);
    }
  });

  it("fills in ports, databases and TLS", () => {
    expect(parseServerSettings("mariadb://root@[::1]", "x")).toMatchObject({
      kind: "mysql",
      host: "::1",
      port: 3306,
      database: "root",
      tls: undefined,
    });
    expect(parseServerSettings("rediss://:secret@cache/3", "x", "redis")).toMatchObject({
      port: 6379,
      database: "3",
      user: "",
      tls: { rejectUnauthorized: true },
    });
    expect(parseServerSettings({ host: "cache" }, "x", "redis")).toMatchObject({ kind: "redis", database: "0" });
    expect(parseServerSettings("mysql://u@h/d?ssl=no-verify", "x").tls).toEqual({ rejectUnauthorized: false });
  });

  it.each([
    undefined,
    null,
    7,
    "nonsense",
    "http://db/x",
    "postgres:///name",
    "postgres://db/name",
    "postgres://u@db:99999/x",
    "postgres://%zz@db/x",
    "mysql://u@h/d?ssl=perhaps",
    "redis://cache",
    { type: "sqlite", file: "/etc/passwd" },
    { type: "constructor", host: "h", user: "u" },
    { type: "postgres", user: "u", host: "/var/run/postgresql" },
    { type: "postgres", user: "u", host: "h/../x" },
    { type: "postgres", user: "u", host: "h", port: "1e9" },
  ])("refuses %j", (given) => {
    expect(() => parseServerSettings(given, "x")).toThrow(expect.objectContaining({ code: "credential_unusable" }));
  });

  it("takes from an address nothing but where and who", () => {
    const url = "postgres://u@h/d?host=/tmp&sslrootcert=/etc/passwd&options=-c%20x&multipleStatements=true";
    expect(parseServerSettings(url, "x")).toEqual({
      kind: "postgres",
      host: "h",
      port: 5432,
      user: "u",
      password: "",
      database: "d",
      tls: undefined,
    });
  });

  it("never repeats a password in an error", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 6, maxLength: 20 }), fc.string({ maxLength: 10 }), (secret, rest) => {
        try {
          parseServerSettings({ url: `postgres://u:${secret}-pa55@${rest}`, password: secret, port: secret }, "name");
        } catch (error) {
          expect((error as Error).message).not.toContain(`${secret}-pa55`);
          expect(JSON.stringify(error)).not.toContain("-pa55");
        }
      }),
    );
    expect(fingerprintOf({ password: "secret" })).not.toContain("secret");
  });
});
