import type { calcPrice } from "@pydantic/genai-prices";
import { loadModule } from "../../loading/load-module.js";
import type { AiPrice, AiProvider } from "../ai-options.js";
import type { ChatUsage } from "../chat-model.js";

/** A model as prices know it. */
export interface PricedModel {
  readonly provider: string;
  readonly kind: AiProvider["kind"];
  readonly model: string;
}

/** What calls cost, in US dollars. */
export interface ModelPrices {
  /** Null when no price is known. */
  costOfTokens(model: PricedModel, usage: ChatUsage): number | null;
  costOfImages(model: PricedModel, images: number): number | null;
}

interface PriceTable {
  readonly calcPrice: typeof calcPrice;
}

const TOKENS_PER_PRICE = 1_000_000;
const DECIMALS = 10;

/** Names of the built-in table. Other endpoints may charge anything for the same model: they need prices of their own. */
const TABLE_PROVIDERS: Partial<Record<AiProvider["kind"], string>> = {
  openai: "openai",
  azure_openai: "azure",
  anthropic: "anthropic",
};

/** Prices of the operator first, then those of `@pydantic/genai-prices` where it is installed. */
export function createModelPrices(own: Readonly<Record<string, AiPrice>>): ModelPrices {
  let table: PriceTable | null | undefined;
  return {
    costOfTokens(priced, usage) {
      const price = ownPrice(own, priced);
      if (price !== undefined) return costByOwnPrice(price, usage);
      table ??= loadTable();
      return table === null ? null : costByTable(table, priced, usage);
    },
    costOfImages(priced, images) {
      const perImage = ownPrice(own, priced)?.perImage;
      return perImage === undefined ? null : round(perImage * images);
    },
  };
}

function ownPrice(own: Readonly<Record<string, AiPrice>>, { provider, model }: PricedModel): AiPrice | undefined {
  const key = [`${provider}/${model}`, model].find((name) => Object.hasOwn(own, name));
  return key === undefined ? undefined : own[key];
}

function costByOwnPrice(price: AiPrice, usage: ChatUsage): number {
  const { inputPerMillionTokens = 0, outputPerMillionTokens = 0 } = price;
  const total = usage.promptTokens * inputPerMillionTokens + usage.completionTokens * outputPerMillionTokens;
  return round(total / TOKENS_PER_PRICE);
}

function costByTable(table: PriceTable, { kind, model }: PricedModel, usage: ChatUsage): number | null {
  const providerId = TABLE_PROVIDERS[kind];
  if (providerId === undefined) return null;
  try {
    const counted = {
      input_tokens: usage.promptTokens,
      output_tokens: usage.completionTokens,
      cache_read_tokens: usage.cachedPromptTokens ?? 0,
      cache_write_tokens: usage.cacheWriteTokens ?? 0,
    };
    const price = table.calcPrice(counted, model, { providerId });
    return price === null ? null : round(price.total_price);
  } catch {
    return null;
  }
}

function loadTable(): PriceTable | null {
  try {
    return loadModule<PriceTable>("@pydantic/genai-prices");
  } catch {
    return null;
  }
}

function round(dollars: number): number {
  return Number(dollars.toFixed(DECIMALS));
}
