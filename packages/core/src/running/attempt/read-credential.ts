import { AutomatrixError } from "../../errors/errors.js";
import { ExecutionMask } from "./masking/execution-mask.js";
import type { NodeAttempt } from "./node-attempt.js";

/**
 * The credential of that name for the execution's tenant. Its values are masked, from here on, in all that leaves nodes
 * of this execution.
 * @throws AutomatrixError `permission_denied`, `credential_not_found`, `credential_too_large`
 */
export async function readCredential(attempt: NodeAttempt, name: string): Promise<Readonly<Record<string, unknown>>> {
  requireDeclaration(attempt);
  const { runner } = attempt.scope;
  const found = await runner.services.secrets.get(name, { tenant: runner.info.tenant });
  if (found === undefined)
    throw new AutomatrixError(
      "credential_not_found",
      `Node "${attempt.path}" needs the credential "${name}"; add it to the secret store.`,
    );
  runner.mask ??= new ExecutionMask();
  runner.mask.add(name, found);
  return found;
}

function requireDeclaration({ path, node: { type } }: NodeAttempt): void {
  if ((type.credentials?.length ?? 0) > 0 || type.permissions?.includes("credentials") === true) return;
  throw new AutomatrixError(
    "permission_denied",
    `Node "${path}" read a credential, and its type ${type.type} declares none; name the kind in its \`credentials\`, or declare permissions: ["credentials"].`,
  );
}
