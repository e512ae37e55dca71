import type { z } from "zod";
import { ConfigurationError } from "../errors/errors.js";
import { NODE_TYPE, type NodeType, type NodeTypeDeclaration } from "./node-type.js";

const TYPE_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/**
 * Declares a node type.
 *
 * ```ts
 * const shout = defineNode({
 *   type: "shout", effects: "pure",
 *   parameters: z.object({ text: z.string() }),
 *   execute: (ctx) => ({ text: ctx.parameters.text.toUpperCase() }),
 * });
 * ```
 * @throws ConfigurationError `invalid_configuration` when the name, version or function is missing or malformed
 */
export function defineNode<
  const Type extends string,
  Parameters extends z.ZodType = z.ZodType<Record<string, unknown>>,
  Output extends z.ZodType = z.ZodType,
  const Port extends string = "default",
>(
  declaration: Omit<NodeTypeDeclaration<Parameters, Output>, "type" | "ports"> & {
    readonly type: Type;
    readonly ports?: readonly Port[] | ((parameters: Readonly<Record<string, unknown>>) => readonly Port[]);
  },
): NodeType<Type, Parameters, Output, Port> {
  const { parameters, output, version = 1, ...rest } = declaration;
  if (typeof declaration.type !== "string" || !TYPE_NAME.test(declaration.type)) {
    throw new ConfigurationError(
      "invalid_configuration",
      `Node type "${String(declaration.type)}" needs a name of 1–64 letters, digits, "_", "." or "-".`,
    );
  }
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new ConfigurationError(
      "invalid_configuration",
      `Node type "${declaration.type}" needs a positive integer version.`,
    );
  }
  if (typeof declaration.execute !== "function") {
    throw new ConfigurationError("invalid_configuration", `Node type "${declaration.type}" needs an execute function.`);
  }
  let parameterSchema: Parameters | undefined;
  let outputSchema: Output | undefined;
  return Object.freeze({
    ...rest,
    [NODE_TYPE]: true as const,
    version,
    label: declaration.label ?? declaration.type,
    category: declaration.category ?? "integration",
    effects: declaration.effects ?? "idempotent",
    ports: declaration.ports ?? ["default"],
    get parameterSchema() {
      parameterSchema ??= typeof parameters === "function" ? parameters() : parameters;
      return parameterSchema;
    },
    get outputSchema() {
      outputSchema ??= typeof output === "function" ? output() : output;
      return outputSchema;
    },
  }) as unknown as NodeType<Type, Parameters, Output, Port>;
}
