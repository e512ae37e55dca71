import type { NodeContext } from "@automatrix/core";
import { AutomatrixError } from "@automatrix/core";
import type { AiLayer } from "./ai-layer.js";
import type { Spent } from "./budget/spending.js";
import { reasonOf } from "./provider-error.js";
import { type HttpProvider, openSession, type ProviderSession } from "./providers/provider-session.js";
import { translateError } from "./providers/translate-error.js";
import { report, toCall } from "./wrappers/call-log.js";
import { withinTime } from "./wrappers/timeout.js";

/** A call of a provider that is no conversation: vectors, images, moderation. */
export interface ProviderCall<Settings extends HttpProvider, Value> {
  readonly provider: string;
  readonly settings: Settings;
  readonly model: string;
  readonly timeoutMs: number;
  readonly estimate: Spent;
  readonly spentBy: (value: Value) => Spent;
  readonly run: (session: ProviderSession<Settings>, signal: AbortSignal) => Promise<Value>;
}

/** Calls with all that chat models have too: time limit, circuit, budget, log line, errors of the port. */
export async function callProvider<Settings extends HttpProvider, Value>(
  ctx: NodeContext,
  { options, breakers, spending }: AiLayer,
  call: ProviderCall<Settings, Value>,
): Promise<Value> {
  const { provider, settings, model, timeoutMs } = call;
  const session = await openSession(ctx, options, { name: provider, settings });
  const startedAt = ctx.clock.now();
  const run = () =>
    withinTime({ clock: ctx.clock, signal: ctx.signal, timeoutMs, provider, model }, async (signal) => {
      try {
        return await call.run(session, signal);
      } catch (error) {
        throw translateError(error, { session, model, signal });
      }
    });
  const facts = { provider, model, tokens: 0, cost: null, cached: false };
  try {
    const value = await spending.pay({
      ctx,
      what: `model "${model}" of "${provider}"`,
      estimate: call.estimate,
      run: () => breakers.run({ provider, model }, ctx.clock, run),
      spentBy: call.spentBy,
    });
    const { tokens, money } = call.spentBy(value);
    report(ctx, options, toCall(ctx, startedAt, { ...facts, tokens, cost: money }));
    return value;
  } catch (error) {
    const code = AutomatrixError.is(error) ? error.code : "node_failed";
    report(ctx, options, toCall(ctx, startedAt, { ...facts, error: { code, reason: reasonOf(error) ?? null } }));
    throw error;
  }
}
