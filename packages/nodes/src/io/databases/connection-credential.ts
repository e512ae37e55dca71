import { AutomatrixError, FatalNodeError, type NodeContext } from "@automatrix/core";
import type { ServerSettings } from "./server-settings.js";

/**
 * The credential that a workflow names as its connection.
 * @throws FatalNodeError `not_configured` when there is none
 */
export async function readConnectionCredential(
  ctx: NodeContext<unknown>,
  name: string,
  kind: "database" | "redis" | "s3",
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await ctx.credentials(name);
  } catch (error) {
    if (!AutomatrixError.is(error) || error.code !== "credential_not_found") throw error;
    throw new FatalNodeError(
      `There is no ${kind} connection "${name}": neither among those of the operator (option "connections" of the ${kind} nodes) nor as a credential.`,
      { code: "not_configured" },
    );
  }
}

/**
 * Keeps connections of credentials to the hosts that the operator allows; undefined allows all.
 * @throws FatalNodeError `credential_unusable`
 */
export function refuseForeignHost(
  name: string,
  { host, port }: ServerSettings,
  allowed: ReadonlySet<string> | undefined,
): void {
  if (allowed === undefined || allowed.has(host) || allowed.has(`${host}:${port}`)) return;
  throw new FatalNodeError(
    `The credential "${name}" leads to a host that is not among the operator's credentialHosts.`,
    { code: "credential_unusable" },
  );
}
