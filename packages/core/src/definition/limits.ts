/** Limits of the engine; every one has a name and a default and can be set in `createEngine({ limits })`. */
export interface Limits {
  /** Nodes of one definition, bodies included. */
  readonly maxNodes: number;
  readonly maxEdges: number;
  readonly maxDefinitionBytes: number;
  /** Nesting of JSON in definitions, inputs and outputs. */
  readonly maxJsonDepth: number;
  /** Containers within containers. */
  readonly maxContainerDepth: number;
  readonly maxOutputBytes: number;
  readonly maxInputBytes: number;
  readonly maxLogLinesPerNode: number;
  readonly maxLogBytesPerNode: number;
  /** Unread signals of one execution. */
  readonly maxInboxSignals: number;
  /** Sub-workflows within sub-workflows. */
  readonly maxExecutionDepth: number;
  /** Records of nodes inside bodies that a result lists; more are read through `getNodeExecutions`. */
  readonly maxResultBodyNodes: number;
  /** Events waiting for a slow reader of `handle.events()`; it then reads from the journal. */
  readonly maxBufferedEvents: number;
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxNodes: 20_000,
  maxEdges: 100_000,
  maxDefinitionBytes: 10 * 1024 * 1024,
  maxJsonDepth: 64,
  maxContainerDepth: 16,
  maxOutputBytes: 16 * 1024 * 1024,
  maxInputBytes: 16 * 1024 * 1024,
  maxLogLinesPerNode: 1_000,
  maxLogBytesPerNode: 1024 * 1024,
  maxInboxSignals: 1_000,
  maxExecutionDepth: 32,
  maxResultBodyNodes: 10_000,
  maxBufferedEvents: 1_000,
});
