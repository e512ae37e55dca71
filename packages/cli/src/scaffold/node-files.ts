/** The files of a new package with one node type; written by `automatrix node new`. */

/** Versions that a new package begins with; the first is that of this release. */
export interface ScaffoldVersions {
  readonly core: string;
  readonly typescript: string;
  readonly vitest: string;
}

/** File contents by path within the new folder. */
export function nodeFiles(name: string, versions: ScaffoldVersions): Readonly<Record<string, string>> {
  const type = name.replaceAll("-", "_");
  const variable = name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  const label = name.charAt(0).toUpperCase() + name.slice(1).replaceAll("-", " ");
  return {
    "package.json": packageJson(name, versions),
    "tsconfig.json": TSCONFIG,
    "src/index.ts": `import type { NodePack } from "@automatrix/core";
import { ${variable} } from "./${name}.js";

export { ${variable} };

/** What \`automatrix run --nodes\` and a server's configuration load. */
export const pack: NodePack = { name: "${name}", nodes: [${variable}] };
`,
    [`src/${name}.ts`]: `import { defineNode, z } from "@automatrix/core";

export const ${variable} = defineNode({
  type: "${type}",
  label: "${label}",
  description: "Greets somebody by name.",
  category: "data",
  effects: "pure",
  parameters: () =>
    z.object({
      name: z.string().min(1).describe("Whom to greet."),
    }),
  output: () => z.object({ text: z.string() }),
  example: { parameters: { name: "Ada" }, output: { text: "Hello Ada" } },
  execute: ({ parameters }) => ({ text: \`Hello \${parameters.name}\` }),
});
`,
    [`src/${name}.test.ts`]: `import { conformance, testNode } from "@automatrix/core/testing";
import { describe, expect, it } from "vitest";
import { ${variable} } from "./${name}.js";

conformance(${variable}, { describe, it });

it("takes expressions", async () => {
  const { output } = await testNode(${variable}).parameters({ name: "{{ input.who }}" }).input({ who: "Grace" }).run();
  expect(output).toEqual({ text: "Hello Grace" });
});
`,
    "workflow.json": `${JSON.stringify(
      {
        name: name,
        nodes: [{ id: "greet", type, data: { name: "{{ input.who }}" } }],
        edges: [],
      },
      null,
      2,
    )}
`,
    "README.md": `# ${name}

A node type for AutoMatrix: \`${type}\`.

\`\`\`sh
npm install
npm test
npm run build
npx automatrix run workflow.json --input '{"who":"Ada"}' --nodes dist/index.js
\`\`\`
`,
    ".gitignore": "node_modules\ndist\n",
  };
}

function packageJson(name: string, { core, typescript, vitest }: ScaffoldVersions): string {
  return `${JSON.stringify(
    {
      name,
      version: "0.1.0",
      type: "module",
      main: "./dist/index.js",
      types: "./dist/index.d.ts",
      files: ["dist"],
      scripts: { build: "tsc", test: "vitest run" },
      peerDependencies: { "@automatrix/core": `^${core}` },
      devDependencies: {
        "@automatrix/cli": `^${core}`,
        "@automatrix/core": `^${core}`,
        typescript: `^${typescript}`,
        vitest: `^${vitest}`,
      },
    },
    null,
    2,
  )}\n`;
}

const TSCONFIG = `${JSON.stringify(
  {
    compilerOptions: {
      target: "ES2022",
      module: "NodeNext",
      moduleResolution: "NodeNext",
      outDir: "dist",
      rootDir: "src",
      declaration: true,
      strict: true,
      skipLibCheck: true,
      verbatimModuleSyntax: true,
    },
    include: ["src"],
    exclude: ["src/**/*.test.ts"],
  },
  null,
  2,
)}\n`;
