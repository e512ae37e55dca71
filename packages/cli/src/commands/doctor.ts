import { CHECKS } from "../checks.js";
import { EXIT_FAILED, EXIT_OK } from "../exit-code.js";
import { inStatusColor, STATUS_SYMBOL } from "../status-symbol.js";
import type { Streams } from "../streams.js";

export interface DoctorOptions {
  readonly storage: string;
  readonly json?: boolean;
}

interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly message: string;
}

/** `automatrix doctor`: whether this machine can run workflows. */
export async function doctorCommand(options: DoctorOptions, streams: Streams): Promise<number> {
  const findings: Finding[] = [];
  for (const [name, check] of Object.entries(CHECKS)) {
    findings.push(await finding(name, () => check(options)));
  }
  const ok = findings.every((one) => one.ok);
  if (options.json === true) streams.output.write(`${JSON.stringify({ ok, checks: findings })}\n`);
  else for (const one of findings) streams.output.write(`${findingText(one, streams)}\n`);
  return ok ? EXIT_OK : EXIT_FAILED;
}

async function finding(name: string, check: () => string | Promise<string>): Promise<Finding> {
  try {
    return { name, ok: true, message: await check() };
  } catch (error) {
    return { name, ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function findingText({ name, ok, message }: Finding, { color, output }: Streams): string {
  const status = ok ? "completed" : "failed";
  const symbol = STATUS_SYMBOL[status];
  return `${color && output.isTTY === true ? inStatusColor(symbol, status) : symbol} ${name.padEnd(8)} ${message}`;
}
