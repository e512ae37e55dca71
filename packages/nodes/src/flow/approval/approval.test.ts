import { expect, it } from "vitest";
import { runNode } from "../../../test/fake-context.js";
import { approval } from "./approval.js";

it("waits for people to decide; one approval is enough unless a quorum is given", async () => {
  expect(await runNode(approval, { parameters: { message: "Ship?" } })).toMatchObject({
    kind: "approval",
    message: "Ship?",
    quorum: 1,
  });
  const parameters = { message: "Ship?", approvers: ["ada", "grace"], quorum: 2, deadlineMs: 1_000 };
  expect(await runNode(approval, { parameters })).toMatchObject(parameters);
});
