import { describe, expect, it } from "vitest";
import { compileTemplate, hasTemplate } from "./compile-template.js";
import { testScope } from "./test-scope.js";

const input = { name: "Ada", list: [1, { a: 2 }], none: null, evil: "{{name}}", braces: "}}" };

function run(text: string): unknown {
  return compileTemplate(text).evaluate(testScope({ input }));
}

describe("templates", () => {
  it.each<[string, unknown]>([
    ["plain", "plain"],
    ["", ""],
    ["{{list}}", input.list],
    ["{{ none }}", null],
    ["{{1 + 1}}", 2],
    ["Hello {{name}}!", "Hello Ada!"],
    ["{{name}}{{name}}", "AdaAda"],
    [" {{list}}", ' [1,{"a":2}]'],
    ["<{{none}}>", "<>"],
    ['{{"{{"}}name{{"}}"}}', "{{name}}"],
    ['{{"{{"}}', "{{"],
    ["{{'}}' + name}}", "}}Ada"],
    ["{{ {a: {b: 1}} }}", { a: { b: 1 } }],
    ["{{{a: {b: 1}}}}", { a: { b: 1 } }],
    ["x{{ {a: {b: 1}}.a.b }}y", "x1y"],
    ["{{ map(list, x => ({v: x})) }}", [{ v: 1 }, { v: { a: 2 } }]],
    ["{{ `a${ {a: '}}'}.a }}}` }}", "a}}}}"],
    ["{{evil}}", "{{name}}"],
    ["{{evil}} {{name}}", "{{name}} Ada"],
    ["a } b }} c", "a } b }} c"],
    ["{{default(missing ?? none, 'd')}}", "throws"],
  ])("%s", (text, expected) => {
    if (expected === "throws") expect(() => run(text)).toThrow("missing");
    else expect(run(text)).toEqual(expected);
  });

  it.each<[string, number]>([
    ["Hi {{name", 3],
    ["{{", 0],
    ["{{}}", 2],
    ["Hi {{ }}", 5],
    ["{{a}} {{b +}}", 11],
    ["{{a}} {{'b}}", 8],
    ["{{ a } }}", 5],
    ["{{ (a }}", 6],
  ])("%s is a syntax error", (text, offset) => {
    expect(() => compileTemplate(text)).toThrow(
      expect.objectContaining({ code: "expression_syntax", offset, source: text }),
    );
  });

  it("errors while evaluating count offsets from the start of the text", () => {
    const compiled = compileTemplate("Hello {{ missing }}");
    expect(() => compiled.evaluate(testScope())).toThrow(
      expect.objectContaining({ code: "unresolved_name", offset: 9, source: "Hello {{ missing }}" }),
    );
  });

  it("gathers references, names and volatility of all its parts", () => {
    expect(compileTemplate("{{nodes.a}} {{nodes.b.c + name}} {{now()}}{{nodes.a}}")).toMatchObject({
      nodeReferences: ["a", "b"],
      names: ["name"],
      isVolatile: true,
    });
  });

  it("hasTemplate looks for opening braces", () => {
    expect([hasTemplate("a {{b}}"), hasTemplate("{a}"), hasTemplate("}}")]).toEqual([true, false, false]);
  });
});
