/**
 * Checks the packages as their users get them: packs each into a tarball, lints the tarball with publint and
 * are-the-types-wrong, then installs all tarballs into an empty project and imports every entry from ESM and CommonJS
 * and runs every command. Needs a build.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPnpm, installed, pnpmEnvironment, run, say } from "./bootstrap.mjs";
import { readPackages } from "./packages.mjs";

/** Runs all package checks; resolves to an exit code. */
export async function checkPackages() {
  const folder = mkdtempSync(join(tmpdir(), "automatrix-packages-"));
  try {
    const packed = await packAll(folder);
    if (packed === undefined) return 1;
    const failures = [...(await lintTarballs(packed)), ...(await importTarballs(folder, packed))];
    for (const failure of failures) say(`package check failed: ${failure}`);
    return failures.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each package with the path of its tarball, or undefined when packing failed. */
async function packAll(folder) {
  const pnpm = findPnpm();
  const packed = [];
  for (const entry of readPackages()) {
    const destination = join(folder, "tarballs", entry.name.replace("@automatrix/", ""));
    mkdirSync(destination, { recursive: true });
    const exitCode = await run(pnpm.command, [...pnpm.args, "pack", "--pack-destination", destination], {
      cwd: entry.folder,
      env: pnpmEnvironment(),
      stdio: ["ignore", "ignore", 2],
    });
    const file = readdirSync(destination)[0];
    if (exitCode !== 0 || file === undefined) {
      say(`packing ${entry.name} failed with exit code ${exitCode}`);
      return undefined;
    }
    packed.push({ ...entry, tarball: join(destination, file) });
  }
  return packed;
}

async function lintTarballs(packed) {
  const failures = [];
  for (const { name, manifest, tarball } of packed) {
    say(`publint and are-the-types-wrong: ${name}`);
    if ((await node([installed("publint", "src", "cli.js"), "--strict", tarball])) !== 0)
      failures.push(`publint ${name}`);
    if (importSpecifiers(name, manifest).length === 0) continue;
    // node16: resolution of Node 10 knows no `exports`, so it can never see a subpath.
    const attw = [installed("@arethetypeswrong", "cli", "dist", "index.js"), tarball, "--profile", "node16"];
    if ((await node([...attw, "--no-emoji"])) !== 0) failures.push(`are-the-types-wrong ${name}`);
  }
  return failures;
}

async function importTarballs(folder, packed) {
  const project = join(folder, "project");
  await installTarballs(project, packed);
  const failures = [];
  for (const { name, manifest } of packed) {
    for (const specifier of importSpecifiers(name, manifest)) {
      say(`importing ${specifier} from ESM and CommonJS`);
      const check = `if (Object.keys(exported).length === 0) throw new Error("no exports");`;
      const esm = `import * as exported from ${JSON.stringify(specifier)}; ${check}`;
      const cjs = `const exported = require(${JSON.stringify(specifier)}); ${check}`;
      if ((await evaluate(project, "check.mjs", esm)) !== 0) failures.push(`ESM import of ${specifier}`);
      if ((await evaluate(project, "check.cjs", cjs)) !== 0) failures.push(`CommonJS require of ${specifier}`);
    }
    for (const [command, file] of Object.entries(manifest.bin ?? {})) {
      say(`running ${command} --version`);
      const exitCode = await node([join(project, "node_modules", name, file), "--version"], project);
      if (exitCode !== 0) failures.push(`${command} --version`);
    }
  }
  return failures;
}

/** An empty project that has the tarballs installed; tarballs stand in for the versions that depend on each other. */
async function installTarballs(project, packed) {
  mkdirSync(project);
  const tarballs = Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`]));
  const manifest = { private: true, dependencies: tarballs, pnpm: { overrides: tarballs } };
  writeFileSync(join(project, "package.json"), JSON.stringify(manifest));
  const pnpm = findPnpm();
  const exitCode = await run(pnpm.command, [...pnpm.args, "install", "--prefer-offline", "--silent"], {
    cwd: project,
    env: { ...pnpmEnvironment(), CI: "true", npm_config_node_linker: "hoisted" },
    stdio: ["ignore", 2, 2],
  });
  if (exitCode !== 0) throw new Error(`installing the packed tarballs failed with exit code ${exitCode}`);
}

/** What a user may import from a package: its name with every subpath that is not a file of data. */
function importSpecifiers(name, manifest) {
  return Object.keys(manifest.exports ?? {})
    .filter((subpath) => !subpath.endsWith(".json"))
    .map((subpath) => name + subpath.slice(1));
}

function evaluate(project, file, source) {
  writeFileSync(join(project, file), source);
  return node([file], project);
}

function node(args, cwd) {
  return run(process.execPath, args, { stdio: ["ignore", 2, 2], ...(cwd === undefined ? {} : { cwd }) });
}
