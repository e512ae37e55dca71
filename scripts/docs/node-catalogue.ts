/** The catalogue of the standard nodes, computed from their declarations. */
import { type NodeType, z } from "@automatrix/core";
import { standardNodes } from "@automatrix/nodes";

/** Categories in the order of the page, with what stands above each. */
const CATEGORIES: Readonly<Record<string, string>> = {
  trigger: "Triggers",
  flow: "Flow",
  data: "Data",
  code: "Code",
  io: "Reaching the world",
  ai: "AI",
  knowledge: "Knowledge",
  tools: "Tools",
  business: "Business systems",
  integration: "Integrations",
};

interface JsonSchema {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

export function nodeCatalogue(): string {
  const nodes = standardNodes();
  const unknown = nodes.filter(({ category }) => CATEGORIES[category] === undefined);
  if (unknown.length > 0)
    throw new Error(`No heading for ${unknown.map(({ type, category }) => `${type}: ${category}`)}`);
  return Object.entries(CATEGORIES)
    .map(([category, title]) => {
      const own = nodes.filter((node) => node.category === category);
      return own.length === 0 ? "" : [`## ${title}`, ...own.map(nodeSection)].join("\n\n");
    })
    .filter((section) => section !== "")
    .join("\n\n");
}

function nodeSection(node: NodeType): string {
  const { type, aliases = [], label, description = "", example } = node;
  const also = aliases.length === 0 ? "" : ` (also ${aliases.map(code).join(", ")})`;
  return [
    `### ${code(type)}${also}`,
    `**${label}.** ${description}`,
    traits(node),
    parameterTable(node),
    example === undefined ? "" : exampleBlock(example),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function traits({ effects, ports = [], permissions = [], credentials = [] }: NodeType): string {
  const named = typeof ports === "function" ? "by its parameters" : ports.map(code).join(", ");
  return [
    `Effects: ${typeof effects === "function" ? "by its parameters" : code(effects)}`,
    `ports: ${named}`,
    ...(permissions.length === 0 ? [] : [`permissions: ${permissions.map(code).join(", ")}`]),
    ...(credentials.length === 0 ? [] : [`credentials: ${credentials.map(code).join(", ")}`]),
  ].join(" · ");
}

function parameterTable({ parameterSchema }: NodeType): string {
  if (parameterSchema === undefined) return "";
  const schema = z.toJSONSchema(parameterSchema, { io: "input", unrepresentable: "any" }) as JsonSchema;
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const isRequired = schema.required?.includes(name) === true;
    const given =
      property.default === undefined ? (isRequired ? "required" : "") : code(JSON.stringify(property.default));
    return `| ${code(name)} | ${cell(typeText(property))} | ${cell(given)} | ${cell(property.description ?? "")} |`;
  });
  return rows.length === 0 ? "" : ["| parameter | type | default | |", "|---|---|---|---|", ...rows].join("\n");
}

function typeText({ type, enum: values, const: value, anyOf, items }: JsonSchema): string {
  if (values !== undefined) return values.map((one) => code(String(one))).join(", ");
  if (value !== undefined) return code(String(value));
  if (anyOf !== undefined) return [...new Set(anyOf.map(typeText))].join(" or ");
  if (type === "array") return items === undefined ? "list" : `list of ${typeText(items)}`;
  if (type === undefined) return "any";
  return typeof type === "string" ? type : type.join(" or ");
}

function exampleBlock({ parameters, input, output }: NonNullable<NodeType["example"]>): string {
  const lines = [
    `parameters: ${JSON.stringify(parameters)}`,
    ...(input === undefined ? [] : [`input:      ${JSON.stringify(input)}`]),
    ...(output === undefined ? [] : [`output:     ${JSON.stringify(output)}`]),
  ];
  return ["```text", ...lines, "```"].join("\n");
}

function code(text: string): string {
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

/** Text in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
