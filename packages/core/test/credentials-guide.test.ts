import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SecretStore } from "../src/index.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const GUIDE = readFileSync(join(ROOT, "docs/guides/credentials.md"), "utf8");
/** As much of the SDK as the adapter uses. */
const AWS_TYPES = `declare module "@aws-sdk/client-secrets-manager" {
  export class GetSecretValueCommand { constructor(input: { SecretId: string | undefined }); readonly input: unknown }
  export class SecretsManagerClient {
    constructor(options: { region?: string });
    send(command: GetSecretValueCommand): Promise<{ SecretString?: string | undefined }>;
  }
}`;

function exampleOf(name: string): string {
  const [, code] = new RegExp(`^\`\`\`ts\\n(// ${name}\\n[\\s\\S]*?)^\`\`\`$`, "m").exec(GUIDE) ?? [];
  if (code === undefined) throw new Error(`The guide has no example ${name}.`);
  return code;
}

describe("the adapters in the guide to credentials", () => {
  it("type-check as strictly as the packages do", () => {
    mkdirSync(join(ROOT, "node_modules/.automatrix-docs"), { recursive: true });
    const folder = mkdtempSync(join(ROOT, "node_modules/.automatrix-docs/credentials-"));
    try {
      const files = ["vault-secrets.ts", "aws-secrets.ts"].map((name) => {
        writeFileSync(join(folder, name.replace(".ts", ".mts")), exampleOf(name));
        return join(folder, name.replace(".ts", ".mts"));
      });
      writeFileSync(join(folder, "aws.d.ts"), AWS_TYPES);
      const { config } = ts.readConfigFile(join(ROOT, "tsconfig.base.json"), ts.sys.readFile);
      const { options } = ts.parseJsonConfigFileContent({ ...config, files }, ts.sys, ROOT);
      const program = ts.createProgram([...files, join(folder, "aws.d.ts")], { ...options, declaration: false });
      const faults = files.flatMap((file) => ts.getPreEmitDiagnostics(program, program.getSourceFile(file)));
      expect(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("has an adapter for AWS that finds own and shared secrets, and takes no path for a name", async () => {
    const asked: string[] = [];
    const secrets: Record<string, string> = {
      "automatrix/shared/mailer": '{"of":"all"}',
      "automatrix/tenants/north/mailer": '{"of":"north"}',
    };
    class Command {
      constructor(readonly input: { SecretId: string }) {}
    }
    const client = {
      async send({ input: { SecretId } }: Command) {
        asked.push(SecretId);
        if (SecretId in secrets) return { SecretString: secrets[SecretId] };
        throw Object.assign(new Error("none"), { name: "ResourceNotFoundException" });
      },
    };
    const code = exampleOf("aws-secrets.ts").replace(/^import .*client-secrets-manager";$/m, "");
    const { awsSecrets } = await load(
      `const { GetSecretValueCommand, SecretsManagerClient } = globalThis.awsDouble;\n${code}`,
      {
        GetSecretValueCommand: Command,
        SecretsManagerClient: class {},
      },
    );
    await expectToFind((awsSecrets as (client: unknown) => SecretStore)(client));
    expect(asked.length).toBe(new Set(asked).size);
    expect(asked.every((id) => !id.includes(".."))).toBe(true);
  });
});

describe("the adapter for Vault", () => {
  let server: Server;
  let address: string;
  const asked: string[] = [];

  beforeEach(async () => {
    asked.length = 0;
    const data: Record<string, object> = {
      "/v1/secret/data/shared/mailer": { of: "all" },
      "/v1/secret/data/tenants/north/mailer": { of: "north" },
    };
    server = createServer((request, response) => {
      asked.push(String(request.url));
      const found = data[String(request.url)];
      const status = request.headers["x-vault-token"] !== "root" ? 403 : found === undefined ? 404 : 200;
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(status === 200 ? { data: { data: found, metadata: {} } } : { errors: [] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it("finds own and shared secrets, asks once, and takes no path for a name", async () => {
    const { vaultSecrets } = await load(exampleOf("vault-secrets.ts"));
    const open = vaultSecrets as (options: object) => SecretStore;
    await expectToFind(open({ address, token: "root" }));
    expect(asked.length).toBe(new Set(asked).size);
    await expect(open({ address, token: "wrong" }).get("mailer", { tenant: null })).rejects.toThrow("403");
  });
});

async function expectToFind(store: SecretStore): Promise<void> {
  expect(await store.get("mailer", { tenant: "north" })).toEqual({ of: "north" });
  expect(await store.get("mailer", { tenant: "south" })).toEqual({ of: "all" });
  expect(await store.get("mailer", { tenant: null })).toEqual({ of: "all" });
  expect(await store.get("other", { tenant: null })).toBeUndefined();
  expect(await store.get("mailer", { tenant: "north" })).toEqual({ of: "north" });
  for (const name of ["..", "../shared/mailer", "a/b", "", "x".repeat(1_000_000), "__proto__", "a?b"])
    expect(await store.get(name, { tenant: "north" })).toBeUndefined();
  expect(await store.get("mailer", { tenant: "../tenants/north" })).toBeUndefined();
}

/** The exports of a module from its text. */
async function load(code: string, awsDouble?: object): Promise<Record<string, unknown>> {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
  });
  Object.assign(globalThis, { awsDouble });
  try {
    return await import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(outputText).toString("base64")}`);
  } finally {
    Reflect.deleteProperty(globalThis, "awsDouble");
  }
}
