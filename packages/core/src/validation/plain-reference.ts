/** Text whose one expression is a path from `nodes`: by far the most common that names a node. */
const NODE_PATH_TEMPLATE = /^[^{}]*\{\{\s*nodes((?:\.[A-Za-z_][A-Za-z0-9_]*)+)\s*\}\}[^{}]*$/;
const MAX_LENGTH = 500;
const REFUSED_PROPERTY = /\.(?:__|constructor|prototype)/;

/**
 * The node that a template such as `Dear {{ nodes.person.output.name }}` names, without compiling it. Undefined for
 * every other text, which says nothing about it.
 */
export function readPlainReference(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const path = NODE_PATH_TEMPLATE.exec(text)?.[1];
  if (path === undefined || REFUSED_PROPERTY.test(path)) return undefined;
  const end = path.indexOf(".", 1);
  return end === -1 ? path.slice(1) : path.slice(1, end);
}
