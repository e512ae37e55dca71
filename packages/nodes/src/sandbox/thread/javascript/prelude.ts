/**
 * What runs inside QuickJS before the user's code, as text. It keeps the built-ins it needs in its closure, gives the
 * code `console` and a `Math.random` of its own, and tells by `finish(kind, text)` what the code came to:
 *
 * - `value`, JSON · `too_large`, nothing · `refused`, what no JSON can hold
 * - `thrown`, JSON `{ name, message, stack }` · `thrown_null`, nothing
 */
export const PRELUDE = `(function (log, finish, seed, maxText, maxResult) {
  "use strict";
  const { parse, stringify } = JSON;
  const { isArray } = Array;
  const { isFinite } = Number;
  const { ErrorType, MapType, SetType, PromiseType, DateType, text } = {
    ErrorType: Error, MapType: Map, SetType: Set, PromiseType: Promise, DateType: Date, text: String,
  };
  const { apply } = Reflect;
  const { slice } = String.prototype;
  const { getTime } = Date.prototype;
  const { imul } = Math;
  const cut = (value) => apply(slice, value, [0, maxText]);

  let state = seed | 0;
  Object.defineProperty(Math, "random", {
    configurable: true,
    writable: true,
    // mulberry32
    value: function random() {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  });

  function show(value) {
    if (typeof value === "string") return value;
    try {
      if (value instanceof ErrorType) return text(value) + "\\n" + text(value.stack);
      if (typeof value === "object" && value !== null) return stringify(value) ?? text(value);
      return text(value);
    } catch (error) {
      return "[unprintable]";
    }
  }
  let isLogFull = false;
  const printer = (level) => (...values) => {
    if (isLogFull) return;
    let line = "";
    for (let index = 0; index < values.length && line.length <= maxText; index++) {
      line += (index === 0 ? "" : " ") + cut(show(values[index]));
    }
    isLogFull = !log(level, line);
  };
  const console = {
    log: printer("info"), info: printer("info"), debug: printer("debug"), trace: printer("debug"),
    warn: printer("warn"), error: printer("error"),
  };

  class Refusal {
    constructor(reason) { this.reason = reason; }
  }
  function check(key, value) {
    const where = key === "" ? "" : ' in "' + cut(key) + '"';
    switch (typeof value) {
      case "bigint": case "function": case "symbol":
        throw new Refusal("a " + typeof value + where);
      case "number":
        if (!isFinite(value)) throw new Refusal("the number " + value + where);
        return value;
      case "object":
        if (value instanceof MapType) throw new Refusal("a Map" + where);
        if (value instanceof SetType) throw new Refusal("a Set" + where);
        if (value instanceof PromiseType) throw new Refusal("a Promise" + where);
        if (value === null) {
          const original = this[key];
          if (original instanceof DateType && !isFinite(apply(getTime, original, []))) {
            throw new Refusal("an invalid Date" + where);
          }
        }
        return value;
      default:
        return value;
    }
  }
  function settle(value) {
    try {
      const json = stringify(value, check) ?? "null";
      if (json.length > maxResult) finish("too_large", "");
      else finish("value", json);
    } catch (error) {
      if (error instanceof Refusal) return finish("refused", error.reason);
      if (error instanceof TypeError && /circular/.test(error.message)) return finish("refused", "a cyclic value");
      return fail(error);
    }
  }
  function fail(error) {
    if (error === null) return finish("thrown_null", "");
    let name = "", message, stack = "";
    try {
      if (error instanceof ErrorType) {
        name = text(error.name);
        message = text(error.message);
        stack = text(error.stack);
      } else if (typeof error === "object" && error !== null && typeof error.message === "string") {
        message = error.message;
      } else {
        message = "threw " + show(error);
      }
    } catch (hostile) {
      message = "threw something that cannot be shown";
    }
    finish("thrown", stringify({ name: cut(name), message: cut(message), stack: cut(stack) }));
  }

  return async (main, scopeText) => {
    const scope = parse(scopeText);
    try {
      settle(await main(scope.trigger, scope.execution)(scope.input, scope.inputs, scope.nodes, scope.vars, console));
    } catch (error) {
      fail(error);
    }
  };
})`;
