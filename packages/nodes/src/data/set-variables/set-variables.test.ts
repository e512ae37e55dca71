import { expect, it } from "vitest";
import { fakeContext } from "../../../test/fake-context.js";
import { setVariables } from "./set-variables.js";

it("sets the variables and passes the input through", async () => {
  const fake = fakeContext(setVariables, { parameters: { variables: { region: "eu", n: null } }, input: [1] });
  expect(await setVariables.execute(fake.ctx)).toEqual([1]);
  expect(fake.variables).toEqual({ region: "eu", n: null });
});
