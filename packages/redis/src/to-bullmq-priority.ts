/** The middle of BullMQ's range (1 to 2,097,152), where lower is told first; 0 would jump the whole queue. */
const MIDDLE = 1_048_576;
const MAX_DISTANCE = MIDDLE - 1;

/** BullMQ's priority for one of ours, where higher is told first. Those beyond ±1,048,575 are equals at the ends. */
export function toBullmqPriority(priority: number): number {
  return MIDDLE - Math.max(-MAX_DISTANCE, Math.min(MAX_DISTANCE, Math.trunc(priority)));
}
