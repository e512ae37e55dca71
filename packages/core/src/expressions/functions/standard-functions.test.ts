import { describe, expect, it } from "vitest";
import { compileExpression } from "../compile-expression.js";
import { testScope } from "../test-scope.js";
import { standardFunctions } from "./standard-functions.js";

const people = [
  { name: "Ada", born: 1815, team: "a" },
  { name: "Alan", born: 1912, team: "b" },
  { name: "Grace", born: 1906, team: "a" },
];

function run(source: string): unknown {
  return compileExpression(source).evaluate(testScope({ input: { people, html: "<p>Hi <b>you</b></p>" } }));
}

const CASES: readonly (readonly [string, unknown])[] = [
  ["upper('straße')", "STRASSE"],
  ["upper(null)", ""],
  ["lower('ADA')", "ada"],
  ["trim('  a ') + trimStart(' b') + trimEnd('c ')", "abc"],
  ["capitalize('ada')", "Ada"],
  ["titleCase('ada of LONDON')", "Ada Of London"],
  ["camelCase('Hello big-world')", "helloBigWorld"],
  ["snakeCase('helloBig World')", "hello_big_world"],
  ["kebabCase('helloBig World')", "hello-big-world"],
  ["slug(' Crème Brûlée! ')", "creme-brulee"],
  ["split('a,b', ',')", ["a", "b"]],
  ["lines('a\\r\\nb\\nc')", ["a", "b", "c"]],
  ["join([1, null, 'a', {b: 2}], '-')", '1--a-{"b":2}'],
  ["join(['a', 'b'])", "a,b"],
  ["replace('a.b.c', '.', '$&')", "a$&b$&c"],
  ["replaceFirst('a.b.c', '.', '-')", "a-b.c"],
  ["replace('abc', '', '-')", "abc"],
  ["startsWith('abc', 'ab') && endsWith('abc', 'bc') && includes('abc', 'b')", true],
  ["substring('abcdef', 1, 3)", "bc"],
  ["padStart(7, 3, '0') + padEnd('a', 3) + '|'", "007a  |"],
  ["repeat('ab', 3)", "ababab"],
  ["truncate('a long text', 6)", "a lon…"],
  ["stripTags(html)", "Hi you"],
  ["escapeHtml('<a>')", "&#60;a&#62;"],
  ["decodeUrl(encodeUrl('a b&ü'))", "a b&ü"],
  ["decodeBase64(encodeBase64('grüße'))", "grüße"],
  ["isEmail('a@b.co') && !isEmail('a@b')", true],
  ["isUrl('https://a.b/c') && !isUrl('a.b')", true],
  ["domain('https://sub.example.com:8080/x')", "sub.example.com"],
  ["matches('order 66', '\\\\d+')", true],
  ["matches('ORDER', '^order$', 'i')", true],
  ["match('a1b2', '([a-z])(\\\\d)')", ["a1", "a", "1"]],
  ["match('x', 'y')", null],
  ["map(matchAll('a1b2', '[a-z]\\\\d'), m => m[0])", ["a1", "b2"]],
  ["replacePattern('a1b2', '([a-z])(\\\\d)', '$2$1$$')", "1a$2b$"],
  ["splitPattern('a, b;c', '[,;]\\\\s*')", ["a", "b", "c"]],
  ["number(' 1.5e2 ')", 150],
  ["number('x', 0)", 0],
  ["integer('12.9')", 12],
  ["[round(1.005, 2), round(-2.5), round(1234, -2), round(0.1)]", [1.01, -3, 1200, 0]],
  ["[floor(1.9), ceil(1.1), trunc(-1.9), abs(-2), sign(-3), sqrt(9)]", [1, 2, -1, 2, -1, 3]],
  ["[min(3, 1), max([1, null, 5]), sum([1, 2]), average([1, 2]), sum([]), min([])]", [1, 5, 3, 1.5, 0, null]],
  ["clamp(15, 0, 10)", 10],
  ["formatNumber(1234567.891, 2, ',')", "1,234,567.89"],
  ["[length('abc'), length([1]), length({a: 1}), length(null)]", [3, 1, 1, 0]],
  ["[first([1, 2]), last([1, 2]), first([]), at([1, 2], -1), first('ab')]", [1, 2, null, 2, "a"]],
  ["slice([1, 2, 3], 1)", [2, 3]],
  ["slice('abc', -2)", "bc"],
  ["concat([1], 2, [3])", [1, 2, 3]],
  ["concat('a', 'b')", "ab"],
  ["unique([1, 1, {a: 1}, {a: 1}, '1'])", [1, { a: 1 }, "1"]],
  ["map(unique(people, 'team'), p => p.name)", ["Ada", "Alan"]],
  ["reverse([1, 2])", [2, 1]],
  ["flatten([1, [2, [3]]])", [1, 2, [3]]],
  ["flatten([1, [2, [3]]], 9)", [1, 2, 3]],
  ["compact([0, null, '', 'a', false])", [0, "a", false]],
  ["includes([{a: 1}], {a: 1})", true],
  ["indexOf(['a', 'b'], 'b') + indexOf('abc', 'c')", 3],
  [
    "[range(3), range(1, 3), range(3, 0), range(0, 10, 5)]",
    [
      [0, 1, 2],
      [1, 2],
      [3, 2, 1],
      [0, 5],
    ],
  ],
  ["pluck(people, 'born')", [1815, 1912, 1906]],
  ["keys(groupBy(people, 'team'))", ["a", "b"]],
  ["keyBy(people, 'name').Ada.born", 1815],
  ["chunk([1, 2, 3], 2)", [[1, 2], [3]]],
  ["[difference([1, 2], [2]), intersection([1, 2], [2])]", [[1], [2]]],
  ["[keys({a: 1}), values({a: 1}), entries({a: 1})]", [["a"], [1], [["a", 1]]]],
  ["fromEntries([['a', 1]])", { a: 1 }],
  ["merge({a: 1, b: 1}, null, {b: 2})", { a: 1, b: 2 }],
  ["[pick({a: 1, b: 2}, 'a'), omit({a: 1, b: 2}, ['a'])]", [{ a: 1 }, { b: 2 }]],
  ["[get({a: {b: 1}}, 'a.b'), get({}, 'a.b', 2), has({a: null}, 'a')]", [1, 2, true]],
  ["[default(null, 1), default('', 2), default(0, 3), coalesce(null, '', 1)]", [1, 2, 0, ""]],
  [
    "[isEmpty([]), isEmpty({}), isEmpty(''), isEmpty(null), isEmpty(0), isNotEmpty([1])]",
    [true, true, true, true, false, true],
  ],
  ["map([null, 'a', 1, true, [], {}], x => typeOf(x))", ["null", "text", "number", "boolean", "list", "object"]],
  [
    "[string(1), string(null), string([1]), boolean('no'), boolean('TRUE'), boolean(1)]",
    ["1", "", "[1]", false, true, true],
  ],
  ["json({a: [1, null], b: 'x'})", '{"a":[1,null],"b":"x"}'],
  ["json({a: [1], b: {}}, 2)", JSON.stringify({ a: [1], b: {} }, null, 2)],
  ["parseJson('[1]')[0]", 1],
  ["parseJson('x', null)", null],
  ["equals({a: [1]}, {a: [1]}) && !equals([1], [2])", true],
  ["now()", "2026-01-31T09:30:00.000Z"],
  ["today()", "2026-01-31T00:00:00.000Z"],
  ["[random(), random(9), random(1, 3)]", [0.5, 5, 2]],
  ["length(uuid())", 36],
  ["date('2026-01-31T10:00+02:00')", "2026-01-31T08:00:00.000Z"],
  ["date('2026-01-31 10:00')", "2026-01-31T10:00:00.000Z"],
  ["date('Sat, 31 Jan 2026 10:00:00 GMT')", "2026-01-31T10:00:00.000Z"],
  ["timestamp('1970-01-02')", 86_400_000],
  ["[isDate('2026-02-30'), isDate('2026-02-28'), isDate('soon')]", [false, true, false]],
  ["formatDate('2026-07-01T12:05:09Z')", "2026-07-01"],
  [
    "formatDate('2026-07-01T12:05:09Z', \"EEE d MMMM yyyy 'at' h:mm a ZZ\", 'Europe/Berlin')",
    "Wed 1 July 2026 at 2:05 PM +02:00",
  ],
  ["addDays('2026-01-31', 1)", "2026-02-01T00:00:00.000Z"],
  ["addMonths('2026-01-31', 1)", "2026-02-28T00:00:00.000Z"],
  ["addYears('2024-02-29', -1)", "2023-02-28T00:00:00.000Z"],
  ["addHours('2026-01-01', -1.5)", "2025-12-31T22:30:00.000Z"],
  ["dateDiff('2026-01-01', '2026-01-02T12:00', 'days')", 1.5],
  ["[dateDiff('2025-01-31', '2026-01-30', 'months'), dateDiff('2026-01-30', '2025-01-31', 'months')]", [11, -11]],
  ["startOf('2026-01-31T10:00', 'week')", "2026-01-26T00:00:00.000Z"],
  ["endOf('2026-02-10', 'month')", "2026-02-28T23:59:59.999Z"],
  ["[datePart('2026-02-01', 'weekday'), datePart('2026-02-01', 'month')]", [7, 2]],
];

describe("standard functions", () => {
  it.each(CASES)("%s", (source, expected) => {
    expect(run(source)).toEqual(expected);
  });

  it.each([
    "number('x')",
    "boolean('maybe')",
    "parseJson('{')",
    "date('soon')",
    "date('2026-02-30')",
    "formatDate(0, 'yyyy', 'Mars/Olympus')",
    "matches('a', '(')",
    "decodeUrl('%')",
    "addDays(0, 1e300)",
    "sqrt(-1)",
    "range(1, 2, 0)",
  ])("%s fails", (source) => {
    expect(() => run(source)).toThrow(expect.objectContaining({ code: "expression_failed" }));
  });

  it.each(["round('1')", "join('a')", "sum(['1'])", "merge([1])", "sort([1, 'a'])", "first(1)", "map([1], 'a')"])(
    "%s mixes types",
    (source) => {
      expect(() => run(source)).toThrow(expect.objectContaining({ code: "expression_type" }));
    },
  );

  it("are a table without a prototype, each with its usage", () => {
    expect(Object.getPrototypeOf(standardFunctions)).toBeNull();
    for (const [name, definition] of Object.entries(standardFunctions)) {
      expect(typeof definition === "object" && definition.usage.startsWith(`${name}(`), name).toBe(true);
    }
  });
});
