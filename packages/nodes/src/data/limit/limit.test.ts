import { expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { limit } from "./limit.js";

it.each([
  [{ count: 2 }, [1, 2]],
  [{ count: 2, from: "last" }, [2, 3]],
  [{ count: 2, from: "end" }, [2, 3]],
  [{ count: 2, from: "start" }, [1, 2]],
  [{ count: 0, from: "last" }, []],
  [{ count: 9, from: "last" }, [1, 2, 3]],
  [{ count: 9 }, [1, 2, 3]],
])("with %j keeps %j of [1, 2, 3]", async (parameters, kept) => {
  expect(await runNode(limit, { parameters, input: [1, 2, 3] })).toEqual(kept);
});
