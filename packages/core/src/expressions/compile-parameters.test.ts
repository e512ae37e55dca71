import { describe, expect, it } from "vitest";
import { collectExpressions, compileValue, findExpressionIssues } from "./compile-parameters.js";
import { testScope } from "./test-scope.js";

const scope = testScope({ input: { id: 7, name: "Ada" } });

describe("compileValue", () => {
  it("shares static values and static parts", () => {
    const headers = { accept: "json" };
    const whole = { headers, url: "https://example.com" };
    expect(compileValue(whole)).toEqual({ kind: "static", value: whole });
    expect(compileValue(whole)).toHaveProperty("value", whole);
    const compiled = compileValue({ headers, url: "/{{id}}", list: [1, "{{id}}", "{{name}} {{nodes.a.b}}"] });
    if (compiled.kind !== "dynamic") throw new Error("not dynamic");
    const result = compiled.evaluate(scope) as Record<string, unknown>;
    expect(result).toEqual({ headers, url: "/7", list: [1, 7, "Ada "] });
    expect(result["headers"]).toBe(headers);
    expect(compiled).toMatchObject({ nodeReferences: ["a"], names: ["id", "name"], isVolatile: false });
  });

  it("takes extra names", () => {
    const compiled = compileValue({ a: ["{{item}}"] });
    expect(compiled.kind === "dynamic" && compiled.evaluate(scope, { item: 3 })).toEqual({ a: [3] });
  });

  it("keeps keys from changing prototypes", () => {
    const compiled = compileValue(JSON.parse('{"__proto__": {"polluted": "{{id}}"}, "a": "{{id}}"}'));
    const result = (compiled.kind === "dynamic" && compiled.evaluate(scope)) as Record<string, unknown>;
    expect(Object.keys(result)).toEqual(["a"]);
    expect(result["polluted"]).toBeUndefined();
  });

  it("refuses values that are too deep or hold themselves", () => {
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    expect(() => compileValue(loop)).toThrow(expect.objectContaining({ code: "expression_limit" }));
    expect(findExpressionIssues(loop, "/p")).toMatchObject([{ pointer: "/p" }]);
    let deep: unknown = "{{id}}";
    for (let level = 0; level < 64; level += 1) deep = [deep];
    expect(compileValue(deep).kind).toBe("dynamic");
    expect(() => compileValue([deep])).toThrow("64");
  });

  it("leaves values that are no plain data alone", () => {
    const date = new Date(0);
    const compiled = compileValue({ date, text: "{{id}}" });
    expect(compiled.kind === "dynamic" && compiled.evaluate(scope)).toEqual({ date, text: 7 });
  });
});

describe("findExpressionIssues", () => {
  it("lists the place and offset of each template that does not compile", () => {
    const parameters = { "a/b": ["ok", "Hi {{name +}}"], c: "{{uper(a)}}", d: "{{fine}}" };
    expect(findExpressionIssues(parameters, "/nodes/0/parameters")).toEqual([
      { pointer: "/nodes/0/parameters/a~1b/1", message: expect.any(String), offset: 11, source: "Hi {{name +}}" },
      { pointer: "/nodes/0/parameters/c", message: expect.stringContaining("upper"), offset: 2, source: "{{uper(a)}}" },
    ]);
    expect(collectExpressions(parameters, "").map(({ pointer, compiled }) => [pointer, compiled.names])).toEqual([
      ["/d", ["fine"]],
    ]);
  });
});
