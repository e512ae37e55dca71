/** True when a server streams; some answer whole although a stream was asked for. */
export function isEventStream(response: Response): boolean {
  return (response.headers.get("content-type") ?? "").includes("text/event-stream");
}

/** An answer that lacks what every answer has, or a stream that ended before it said why. */
export class BrokenAnswerError extends Error {}
