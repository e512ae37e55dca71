import { AutomatrixError } from "@automatrix/core";
import type { ChatAnswer, ChatRequest } from "../chat-model.js";
import { reasonOf } from "../provider-error.js";

/**
 * Asks again without a temperature when a model refuses to be given one, as newer models do. A refused request costs nothing
 * and answered nothing.
 */
export async function withoutRefusedTemperature(
  request: ChatRequest,
  ask: (request: ChatRequest) => Promise<ChatAnswer>,
): Promise<ChatAnswer> {
  try {
    return await ask(request);
  } catch (error) {
    if (request.temperature === undefined || !refusesTemperature(error)) throw error;
    const { temperature: _refused, ...others } = request;
    return ask(others);
  }
}

function refusesTemperature(error: unknown): boolean {
  return reasonOf(error) === "invalid_request" && AutomatrixError.is(error) && /\btemperature\b/i.test(error.message);
}
