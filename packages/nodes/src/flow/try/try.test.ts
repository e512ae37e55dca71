import { AutomatrixError, FatalNodeError } from "@automatrix/core";
import { describe, expect, it } from "vitest";
import { type BodyCall, failureOf, fakeContext, runNode } from "../../../test/fake-context.js";
import { tryNode } from "./try.js";

const body = { name: "body", nodes: [] };
const onFailure = { name: "catch", nodes: [] };
const atLast = { name: "finally", nodes: [] };
const error = new AutomatrixError("card_declined", "No.", { details: { nodeId: "try[body]/pay", attempt: 3 } });
const record = { code: "card_declined", message: "No.", nodeId: "try[body]/pay", attempt: 3 };

/** Answers by the name of the body; an error is thrown. */
function answering(answers: Readonly<Record<string, unknown>>) {
  return ({ definition }: BodyCall): unknown => {
    const answer = answers[definition.name ?? ""];
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

describe("try", () => {
  it("gives the output of the body", async () => {
    const fake = fakeContext(tryNode, {
      parameters: { body, catch: onFailure },
      input: { a: 1 },
      runBody: answering({ body: "ok" }),
    });
    expect(await tryNode.execute(fake.ctx)).toBe("ok");
    expect(fake.bodies.map(({ key, input }) => [key, input])).toEqual([["[body]", { a: 1 }]]);
  });

  it("gives the output of catch, which sees the error and the input", async () => {
    const fake = fakeContext(tryNode, {
      parameters: { body, catch: onFailure },
      input: { a: 1 },
      runBody: answering({ body: error, catch: "saved" }),
    });
    expect(await tryNode.execute(fake.ctx)).toBe("saved");
    expect(fake.bodies[1]).toMatchObject({ key: "[catch]", input: { error: record, input: { a: 1 } } });
  });

  it("hands the error on without catch, after finally", async () => {
    const fake = fakeContext(tryNode, {
      parameters: { body, finally: atLast },
      input: 1,
      runBody: answering({ body: error }),
    });
    await expect(tryNode.execute(fake.ctx)).rejects.toBe(error);
    expect(fake.bodies[1]).toMatchObject({
      key: "[finally]",
      input: { output: null, error: record, input: 1 },
      options: { cleanup: true },
    });
  });

  it("drops the output of finally", async () => {
    const fake = fakeContext(tryNode, {
      parameters: { body, finally: atLast },
      runBody: answering({ body: "ok", finally: "dropped" }),
    });
    expect(await tryNode.execute(fake.ctx)).toBe("ok");
    expect(fake.bodies[1]?.input).toMatchObject({ output: "ok", error: null });
  });

  it("runs finally when catch fails, and fails with catch's error", async () => {
    const second = new FatalNodeError("worse");
    const fake = fakeContext(tryNode, {
      parameters: { body, catch: onFailure, finally: atLast },
      runBody: answering({ body: error, catch: second }),
    });
    await expect(tryNode.execute(fake.ctx)).rejects.toBe(second);
    expect(fake.bodies.map(({ key }) => key)).toEqual(["[body]", "[catch]", "[finally]"]);
  });

  it("fails with the failure of finally", async () => {
    const last = new FatalNodeError("cleanup");
    for (const first of ["ok", error]) {
      expect(
        await failureOf(tryNode, {
          parameters: { body, finally: atLast },
          runBody: answering({ body: first, finally: last }),
        }),
      ).toBe(last);
    }
  });

  it.each(["execution_cancelled", "execution_timed_out"])("runs neither catch nor finally after %s", async (code) => {
    const reason = new AutomatrixError(code, "over");
    const fake = fakeContext(tryNode, {
      parameters: { body, catch: onFailure, finally: atLast },
      signal: AbortSignal.abort(reason),
      runBody: answering({ body: reason }),
    });
    await expect(tryNode.execute(fake.ctx)).rejects.toBe(reason);
    expect(fake.bodies).toHaveLength(1);
  });

  it("runs finally, but not catch, when told to stop because of a failure elsewhere", async () => {
    const reason = new AutomatrixError("node_cancelled", "stop");
    const fake = fakeContext(tryNode, {
      parameters: { body, catch: onFailure, finally: atLast },
      runBody: answering({ body: reason }),
    });
    await expect(tryNode.execute(fake.ctx)).rejects.toBe(reason);
    expect(fake.bodies.map(({ key }) => key)).toEqual(["[body]", "[finally]"]);
  });

  it("takes anything that is thrown", async () => {
    expect(
      await runNode(tryNode, {
        parameters: { body, catch: onFailure },
        runBody: ({ key, input }) => (key === "[body]" ? Promise.reject("text") : input),
      }),
    ).toEqual({
      error: { code: "node_failed", message: "text" },
      input: {},
    });
  });
});
