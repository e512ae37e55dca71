/** What is to be drawn. Providers take what they know of it. */
export interface ImageRequest {
  readonly model: string;
  readonly prompt: string;
  readonly negativePrompt?: string | undefined;
  /** Such as `1024x1024`; OpenAI. */
  readonly size?: string | undefined;
  /** Such as `16:9`; Stability and Google. */
  readonly aspectRatio?: string | undefined;
  readonly quality?: string | undefined;
  /** How many in one call; providers that draw one at a time are called as often. */
  readonly count: number;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

/** An image as it came. */
export interface DrawnImage {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}
