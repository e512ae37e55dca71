import { toPlainJson } from "../../shared/plain-json.js";
import type { NodeAttempt } from "../attempt/node-attempt.js";
import { requireActive } from "../attempt/require-active.js";
import type { ExecutionRunner } from "../execution/execution-runner.js";
import type { RecordedValues } from "./recorded-values.js";

/** Durable steps inside nodes: what is recorded is answered from there, on later attempts and after a crash. */
export class StepRunner {
  readonly #runner: ExecutionRunner;
  readonly #recorded: RecordedValues;

  constructor(runner: ExecutionRunner, recorded: RecordedValues) {
    this.#runner = runner;
    this.#recorded = recorded;
  }

  /** Resolves once the value is durable, except where `durability` is `outcome`. A step that fails is not recorded. */
  async run<Value>(attempt: NodeAttempt, name: string, run: () => Value | Promise<Value>): Promise<Value> {
    const { services, writer } = this.#runner;
    const key = `step:${nextStepKey(attempt, name)}`;
    const nodePath = attempt.path;
    const known = this.#recorded.find(nodePath, key);
    if (known !== undefined) return known.value as Value;
    requireActive(attempt);
    const returned = await this.#perform(attempt, run);
    requireActive(attempt);
    const plain = toPlainJson(returned, { maxBytes: services.limits.maxOutputBytes }) as Value;
    // What the node goes on with is what a rerun answers with.
    const { mask } = this.#runner;
    const value = mask === undefined ? plain : mask.json(plain);
    this.#recorded.add({ nodePath, key, value });
    writer.emitNode("step.completed", services.clock.now(), nodePath, attempt.number, {
      name: mask === undefined ? name : mask.text(String(name)),
      value,
    });
    attempt.bodyMark = writer.ticket;
    if (services.durability !== "outcome")
      await new Promise<void>((resolve) => writer.afterDurable(writer.ticket, resolve));
    return value;
  }

  /** Any other node is at work for as long as its function runs; a container waits, but for this. */
  async #perform<Value>(attempt: NodeAttempt, run: () => Value | Promise<Value>): Promise<Value> {
    attempt.openSteps++;
    try {
      return await (attempt.node.isContainer ? this.#runner.starter.whileWorking(run) : run());
    } finally {
      attempt.openSteps--;
    }
  }
}

/** Equal names are numbered in order of call. */
function nextStepKey(attempt: NodeAttempt, name: string): string {
  attempt.stepCounts ??= new Map();
  const counts = attempt.stepCounts;
  const count = (counts.get(name) ?? 0) + 1;
  counts.set(name, count);
  return count === 1 ? name : `${name}#${count}`;
}
