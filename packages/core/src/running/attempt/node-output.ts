import { DEFAULT_PORT, ERROR_PORT } from "../../definition/node-type.js";
import { AutomatrixError } from "../../errors/errors.js";
import type { BlobStore } from "../../ports/blob-store.js";
import { type BinaryPart, NotSerializableError, TooLargeError, toPlainJson } from "../../shared/plain-json.js";
import type { ExecutionMask } from "./masking/execution-mask.js";
import type { NodeAttempt } from "./node-attempt.js";

/** What a node emitted, as plain frozen JSON. */
export interface NodeOutput {
  readonly output: unknown;
  readonly port: string | readonly string[];
}

/**
 * Turns what a node returned or emitted into its output, secrets masked. Synchronous unless there is binary content,
 * which stays as it is.
 * @throws AutomatrixError `output_not_serializable`, `output_invalid`, `output_too_large`, `unknown_port`
 */
export function toNodeOutput(
  attempt: NodeAttempt,
  returned: unknown,
  input: unknown,
): NodeOutput | Promise<NodeOutput> {
  const binaries: BinaryPart[] = [];
  const plain = collectOutput(attempt, returned, input, binaries);
  const output = attempt.scope.runner.mask === undefined ? plain : maskOutput(plain, attempt.scope.runner.mask);
  return binaries.length === 0
    ? output
    : storeBinaries(binaries, attempt.scope.runner.services.blobs).then(() => output);
}

function collectOutput(attempt: NodeAttempt, returned: unknown, input: unknown, binaries: BinaryPart[]): NodeOutput {
  const { emitted } = attempt;
  if (emitted === undefined || emitted.size === 0) {
    return { port: DEFAULT_PORT, output: returned === input ? input : toOutput(attempt, returned, binaries) };
  }
  for (const port of emitted.keys()) requirePort(attempt, port);
  if (emitted.size === 1) {
    const [[port, value]] = emitted as unknown as [[string, unknown]];
    return { port, output: value === input ? input : toOutput(attempt, value, binaries) };
  }
  return { port: Object.freeze([...emitted.keys()]), output: toOutput(attempt, Object.fromEntries(emitted), binaries) };
}

/** The names of ports are the node type's. */
function maskOutput({ output, port }: NodeOutput, mask: ExecutionMask): NodeOutput {
  if (typeof port === "string") return { port, output: mask.json(output) };
  const values = Object.entries(output as Readonly<Record<string, unknown>>);
  return { port, output: Object.freeze(Object.fromEntries(values.map(([name, value]) => [name, mask.json(value)]))) };
}

function requirePort(attempt: NodeAttempt, port: string): void {
  const { ports } = attempt.node;
  if (ports.includes(port) || port === ERROR_PORT) return;
  throw new AutomatrixError(
    "unknown_port",
    `Node "${attempt.path}" emitted on port "${port}"; its type ${attempt.node.type.type} has ${[...ports, ERROR_PORT].join(", ")}.`,
  );
}

function toOutput(attempt: NodeAttempt, value: unknown, binaries: BinaryPart[]): unknown {
  const { maxOutputBytes } = attempt.scope.runner.services.limits;
  const output = copyOutput(attempt, value, binaries, maxOutputBytes);
  const schema = attempt.node.type.outputSchema;
  if (schema === undefined || attempt.emitted !== undefined) return output;
  const checked = schema.safeParse(output);
  if (checked.success) return output;
  const problems = checked.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.map(String).join(".") || "output"}: ${issue.message}`);
  throw new AutomatrixError(
    "output_invalid",
    `The output of node "${attempt.path}" breaks the schema of ${attempt.node.type.type}: ${problems.join("; ")}`,
  );
}

function copyOutput(attempt: NodeAttempt, value: unknown, binaries: BinaryPart[], maxBytes: number): unknown {
  try {
    return toPlainJson(value, { maxBytes, binaries });
  } catch (error) {
    if (error instanceof TooLargeError) {
      throw new AutomatrixError(
        "output_too_large",
        `The output of node "${attempt.path}" is larger than maxOutputBytes (${maxBytes}); store it as a blob.`,
      );
    }
    const why = error instanceof NotSerializableError ? error.message : "Reading it failed.";
    throw new AutomatrixError("output_not_serializable", `The output of node "${attempt.path}" is not JSON. ${why}`, {
      cause: error,
    });
  }
}

async function storeBinaries(binaries: readonly BinaryPart[], blobs: BlobStore): Promise<void> {
  for (const { content, placeholder } of binaries) Object.freeze(Object.assign(placeholder, await blobs.put(content)));
}
