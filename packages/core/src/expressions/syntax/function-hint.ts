/** What to write instead of the JavaScript methods people know, by the method's name. */
const METHOD_HINTS: ReadonlyMap<string, string> = new Map([
  ["toUpperCase", "upper(x)"],
  ["toLocaleUpperCase", "upper(x)"],
  ["toLowerCase", "lower(x)"],
  ["toLocaleLowerCase", "lower(x)"],
  ["trimLeft", "trimStart(x)"],
  ["trimRight", "trimEnd(x)"],
  ["toTitleCase", "titleCase(x)"],
  ["toSnakeCase", "snakeCase(x)"],
  ["toSentenceCase", "capitalize(x)"],
  ["substr", "substring(x, start, end)"],
  ["charAt", "at(x, index)"],
  ["match", "match(x, pattern)"],
  ["matchAll", "matchAll(x, pattern)"],
  ["test", "matches(text, pattern)"],
  ["search", "matches(x, pattern) or indexOf(x, text)"],
  ["exec", "match(text, pattern)"],
  ["replace", "replace(x, search, replacement) or replacePattern(x, pattern, replacement)"],
  ["replaceAll", "replace(x, search, replacement)"],
  ["toString", "string(x)"],
  ["toNumber", "number(x)"],
  ["toInt", "integer(x)"],
  ["toBoolean", "boolean(x)"],
  ["toJsonString", "json(x)"],
  ["toFixed", "formatNumber(x, digits)"],
  ["toLocaleString", "formatDate(x, format) or formatNumber(x, digits)"],
  ["toISOString", "date(x)"],
  ["toISO", "date(x)"],
  ["toFormat", "formatDate(x, format)"],
  ["format", "formatDate(x, format)"],
  ["toMillis", "timestamp(x)"],
  ["getTime", "timestamp(x)"],
  ["plus", "addDays(x, count), addHours(x, count), …"],
  ["minus", "addDays(x, -count), addHours(x, -count), …"],
  ["setZone", "formatDate(x, format, timeZone)"],
  ["getFullYear", 'datePart(x, "year")'],
  ["getMonth", 'datePart(x, "month")'],
  ["getDate", 'datePart(x, "day")'],
  ["getDay", 'datePart(x, "weekday")'],
  ["getHours", 'datePart(x, "hour")'],
  ["getMinutes", 'datePart(x, "minute")'],
  ["getSeconds", 'datePart(x, "second")'],
  ["base64Encode", "encodeBase64(x)"],
  ["base64Decode", "decodeBase64(x)"],
  ["urlEncode", "encodeUrl(x)"],
  ["urlDecode", "decodeUrl(x)"],
  ["removeTags", "stripTags(x)"],
  ["flat", "flatten(x)"],
  ["flatMap", "flatten(map(x, y => ...))"],
  ["forEach", "map(x, y => ...)"],
  ["findIndex", "indexOf(x, value) or find(x, y => ...)"],
  ["hasOwnProperty", "has(x, key)"],
  ["hasField", "has(x, key)"],
  ["push", "concat(x, [value])"],
  ["pop", "last(x)"],
  ["assign", "merge(a, b)"],
  ["isArray", "isList(x)"],
  ["all", "nodes.<id>.output"],
]);

const CALLBACK_METHODS: ReadonlySet<string> = new Set(["map", "filter", "find", "some", "every", "sort"]);

const SAME_NAME_METHODS: ReadonlySet<string> = new Set([
  ...["trim", "trimStart", "trimEnd", "split", "join", "slice", "substring", "includes", "startsWith", "endsWith"],
  ...["indexOf", "padStart", "padEnd", "repeat", "concat", "reverse", "at", "first", "last", "unique", "isEmpty"],
  ...["isNotEmpty", "length", "keys", "values", "entries", "compact", "pluck", "sum", "average", "round", "parseJson"],
  ...["floor", "ceil", "abs", "min", "max", "chunk", "isEmail", "isUrl", "difference", "merge", "startOf", "endOf"],
]);

const OWNER_HINTS: ReadonlyMap<string, string> = new Map([
  ["JSON.stringify", "json(x)"],
  ["JSON.parse", "parseJson(x)"],
  ["Math.random", "random()"],
  ["Math.pow", "a ** b"],
  ["Math.sqrt", "sqrt(x)"],
  ["Date.now", "now() or timestamp()"],
  ["DateTime.now", "now()"],
  ["DateTime.fromISO", "date(x)"],
  ["DateTime.fromMillis", "date(x)"],
  ["Object.keys", "keys(x)"],
  ["Object.values", "values(x)"],
  ["Object.entries", "entries(x)"],
  ["Object.fromEntries", "fromEntries(x)"],
  ["Array.from", "range(count)"],
]);

const FUNCTION_HINTS: ReadonlyMap<string, string> = new Map([
  ["String", "string(x)"],
  ["Number", "number(x)"],
  ["Boolean", "boolean(x)"],
  ["parseInt", "integer(x)"],
  ["parseFloat", "number(x)"],
  ["isNaN", `typeOf(x) == "number"`],
  ["encodeURIComponent", "encodeUrl(x)"],
  ["decodeURIComponent", "decodeUrl(x)"],
  ["btoa", "encodeBase64(x)"],
  ["atob", "decodeBase64(x)"],
  ["Date", "date(x)"],
  ["str", "string(x)"],
  ["int", "integer(x)"],
  ["float", "number(x)"],
  ["len", "length(x)"],
  ["size", "length(x)"],
  ["count", "length(x)"],
  ["avg", "average(list)"],
  ["mean", "average(list)"],
  ["uppercase", "upper(x)"],
  ["lowercase", "lower(x)"],
  ["toUpperCase", "upper(x)"],
  ["toLowerCase", "lower(x)"],
]);

/** The function to use in place of `owner.method()`. */
export function hintForMethod(owner: string, method: string): string | undefined {
  const byOwner = OWNER_HINTS.get(`${owner}.${method}`);
  if (byOwner !== undefined) return byOwner;
  if (method === "reduce") return "reduce(list, (result, x) => ..., start)";
  if (CALLBACK_METHODS.has(method)) return `${method}(list, x => ...)`;
  if (SAME_NAME_METHODS.has(method)) return `${method}(x)`;
  return METHOD_HINTS.get(method);
}

/** The function to use in place of one of JavaScript, Python or another language. */
export function hintForFunction(name: string): string | undefined {
  return FUNCTION_HINTS.get(name);
}

const MAX_DISTANCE = 2;

/** The name nearest to a misspelt one, as `name()`. */
export function closestName(name: string, names: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  if (wanted.length > 32) return undefined;
  let closest: string | undefined;
  let closestDistance = Math.min(MAX_DISTANCE, wanted.length - 1) + 1;
  for (const candidate of names) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < closestDistance) [closest, closestDistance] = [candidate, distance];
  }
  return closest === undefined ? undefined : `${closest}()`;
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
