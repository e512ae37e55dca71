/**
 * Finds the error codes that sources use, so that a test can compare them with `ERROR_CODES` of `@automatrix/core`.
 * It reads syntax trees, and sees the codes written
 *
 * - as first argument of a class of errors: `new StorageError("lease_lost", …)`,
 * - in the options of one: `new FatalNodeError(message, { code: "invalid_input" })`,
 * - in an error record, an object with `code` and `message` but without the `severity` of an issue,
 * - as the argument that a function of the same file hands on to a class of errors as its code.
 */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { listSources } from "./layers.mjs";
import { readPackages } from "./packages.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Classes whose first argument is the code. */
const CODE_FIRST = /^(?:Automatrix|Configuration|Execution|Expression|Storage)Error$/;
/** Classes whose options may hold one. */
const CODE_IN_OPTIONS = /^(?:FatalNode|RetryableNode)Error$/;

/** The test kit makes codes up, as tests do. */
const EXEMPT = /^packages[/\\]core[/\\]src[/\\]testing[/\\]/;

/** The codes used in the sources of every package, each with the places that use it as `file:line`. */
export function findUsedErrorCodes() {
  const places = new Map();
  for (const file of readPackages().flatMap(({ folder }) => listSources(join(folder, "src")))) {
    if (EXEMPT.test(relative(ROOT, file))) continue;
    for (const { code, line } of errorCodesOf(readFileSync(file, "utf8"))) {
      const place = `${relative(ROOT, file)}:${line}`;
      places.set(code, [...(places.get(code) ?? []), place]);
    }
  }
  return places;
}

/** The codes used in one source text, as `{ code, line }` in order. */
export function errorCodesOf(text) {
  const source = ts.createSourceFile("source.ts", text, ts.ScriptTarget.ESNext, true);
  const found = [];
  const add = (expression) => {
    for (const literal of literalsOf(expression)) {
      const { line } = source.getLineAndCharacterOfPosition(literal.getStart());
      found.push({ code: literal.text, line: line + 1 });
    }
  };
  const factories = findFactories(source);
  visit(source, (node) => {
    if (isNewOf(node, CODE_FIRST)) add(node.arguments?.[0]);
    if (ts.isObjectLiteralExpression(node) && (isErrorOptions(node) || isErrorRecord(node)))
      add(propertyOf(node, "code"));
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      const position = factories.get(node.expression.text);
      if (position !== undefined) add(node.arguments[position]);
    }
  });
  return found;
}

/** Functions that hand a parameter on as a code, by name, with the position of that parameter. */
function findFactories(source) {
  const factories = new Map();
  visit(source, (node) => {
    if (!isNewOf(node, CODE_FIRST)) return;
    const [code] = node.arguments ?? [];
    if (code === undefined || !ts.isIdentifier(code)) return;
    const owner = ts.findAncestor(node, ts.isFunctionDeclaration);
    const position = owner?.parameters.findIndex(({ name }) => ts.isIdentifier(name) && name.text === code.text) ?? -1;
    if (owner?.name !== undefined && position >= 0) factories.set(owner.name.text, position);
  });
  return factories;
}

function isNewOf(node, classes) {
  return ts.isNewExpression(node) && ts.isIdentifier(node.expression) && classes.test(node.expression.text);
}

function isErrorOptions({ parent }) {
  return isNewOf(parent, CODE_IN_OPTIONS);
}

function isErrorRecord(object) {
  return (
    propertyOf(object, "code") !== undefined &&
    hasName(object, "message") &&
    !hasName(object, "severity") &&
    !hasName(object, "path")
  );
}

function propertyOf(object, name) {
  return object.properties.find((property) => ts.isPropertyAssignment(property) && property.name.getText() === name)
    ?.initializer;
}

function hasName(object, name) {
  return object.properties.some((property) => property.name?.getText() === name);
}

/** Texts that an expression can be: a literal, or either branch of a choice. */
function literalsOf(expression) {
  if (expression === undefined) return [];
  if (ts.isStringLiteralLike(expression)) return [expression];
  if (ts.isConditionalExpression(expression)) {
    return [...literalsOf(expression.whenTrue), ...literalsOf(expression.whenFalse)];
  }
  if (ts.isBinaryExpression(expression)) return literalsOf(expression.right);
  return ts.isParenthesizedExpression(expression) ? literalsOf(expression.expression) : [];
}

function visit(node, see) {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}
