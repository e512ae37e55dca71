/**
 * Makes the workspace ready to run on a fresh clone: checks Node, finds pnpm, installs the locked dependencies when
 * they are missing or older than the lockfile. Uses Node's own modules only, because nothing is installed yet.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The pnpm fetched where none fits: pnpm 11 does not run on Node 20. */
const PNPM_VERSION = "10.34.9";
const PNPM_MAJORS = [10, 12];
const OLDEST_NODE = { major: 20, minor: 19 };
/** Written after a finished install: an interrupted one leaves `node_modules` without it. */
const INSTALL_STAMP = join(ROOT, "node_modules", ".automatrix-installed");
const LOCKFILE = join(ROOT, "pnpm-lock.yaml");
const INSTALL_NOTICE_INTERVAL_MS = 15_000;

/** A failure of the set-up whose message is all the user needs. */
class SetUpError extends Error {}

/** Prints one progress line; standard output belongs to the command that runs afterwards. */
export function say(line) {
  process.stderr.write(`automatrix: ${line}\n`);
}

/** Runs `main` after the set-up and turns its number into the exit code of the process. */
export async function runScript(main) {
  try {
    await bootstrap();
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.exitCode = 1;
    if (error instanceof SetUpError) say(error.message);
    else throw error;
  }
}

/** Checks Node and installs the dependencies where that is needed. */
export async function bootstrap() {
  requireNode();
  if (isInstalled()) return;
  await install();
}

/**
 * Runs a command in the repository and resolves to its exit code (128 + n for signal n, as a shell does).
 * Ctrl-C reaches the child through the terminal's process group; this process waits for it.
 */
export function run(command, args, { env = process.env, cwd = ROOT, stdio = "inherit" } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio });
    const relay = (signal) => child.kill(signal);
    const ignoreInterrupt = () => {};
    process.on("SIGINT", ignoreInterrupt);
    process.on("SIGTERM", relay);
    const release = () => {
      process.off("SIGINT", ignoreInterrupt);
      process.off("SIGTERM", relay);
    };
    child.once("error", (error) => {
      release();
      reject(error);
    });
    child.once("close", (code, signal) => {
      release();
      resolve(code ?? (signal === "SIGINT" ? 130 : signal === "SIGTERM" ? 143 : 1));
    });
  });
}

/** The path of a file inside an installed root dependency. */
export function installed(...segments) {
  return join(ROOT, "node_modules", ...segments);
}

/** The command line of a pnpm that runs here: one found on PATH, else one fetched through npx. */
export function findPnpm() {
  // From outside the repository, so that no setting of this workspace makes pnpm fetch another version of itself.
  const probe = spawnSync("pnpm", ["--version"], { encoding: "utf8", cwd: dirname(ROOT), env: pnpmEnvironment() });
  const major = Number.parseInt(probe.stdout ?? "", 10);
  if (probe.status === 0 && PNPM_MAJORS.includes(major)) {
    return { command: "pnpm", args: [], label: `pnpm ${probe.stdout.trim()}` };
  }
  return {
    command: "npx",
    args: ["--yes", "--loglevel=error", `pnpm@${PNPM_VERSION}`],
    label: `pnpm ${PNPM_VERSION} through npx`,
  };
}

/** The environment pnpm needs: never switch versions, and compile native packages against Node's own headers. */
export function pnpmEnvironment() {
  const env = {
    ...process.env,
    npm_config_manage_package_manager_versions: "false",
    npm_config_update_notifier: "false",
  };
  const prefix = dirname(dirname(process.execPath));
  if (existsSync(join(prefix, "include", "node", "node.h"))) env.npm_config_nodedir = prefix;
  return env;
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > OLDEST_NODE.major || (major === OLDEST_NODE.major && minor >= OLDEST_NODE.minor)) return;
  throw new SetUpError(
    `Node ${process.versions.node} is too old: AutoMatrix needs Node ${OLDEST_NODE.major}.${OLDEST_NODE.minor} or ` +
      "newer. Install a current Node (for example with your version manager) and run the command again.",
  );
}

function isInstalled() {
  if (!existsSync(INSTALL_STAMP)) return false;
  return !existsSync(LOCKFILE) || statSync(INSTALL_STAMP).mtimeMs >= statSync(LOCKFILE).mtimeMs;
}

async function install() {
  const pnpm = findPnpm();
  const startedAt = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  say(`installing the locked dependencies with ${pnpm.label} (once; native packages may take some minutes to compile)`);
  const notice = setInterval(() => say(`still installing (${elapsed()})`), INSTALL_NOTICE_INTERVAL_MS);
  let exitCode;
  try {
    // Its report goes to standard error: standard output belongs to the command that follows. CI=true: never ask.
    exitCode = await run(pnpm.command, [...pnpm.args, "install", "--frozen-lockfile", "--reporter=append-only"], {
      env: { ...pnpmEnvironment(), CI: "true" },
      stdio: ["ignore", 2, 2],
    });
  } catch (error) {
    throw new SetUpError(`could not start ${pnpm.command} (${error.code ?? error.message}). ${remedy(pnpm)}`);
  } finally {
    clearInterval(notice);
  }
  if (exitCode !== 0) throw new SetUpError(`the install failed with exit code ${exitCode}. ${remedy(pnpm)}`);
  mkdirSync(dirname(INSTALL_STAMP), { recursive: true });
  writeFileSync(INSTALL_STAMP, "");
  say(`dependencies installed in ${elapsed()}`);
}

function remedy(pnpm) {
  const command = [pnpm.command, ...pnpm.args, "install", "--frozen-lockfile"].join(" ");
  return (
    "Read the lines above, check that npm reaches its registry (`npm ping`) and that the disk is not full, then run " +
    `\`${command}\` by hand. If pnpm-lock.yaml does not match a package.json you changed, run it without ` +
    "--frozen-lockfile. To start over, delete node_modules."
  );
}
