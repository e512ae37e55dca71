/** Test kit of `@automatrix/core`. */
export { type CrashConformanceOptions, crashConformance } from "./crash-kit/crash-conformance.js";
export { CRASH_WORKFLOWS } from "./crash-kit/crash-corpus.js";
export type { CrashLogEntry, CrashProbe } from "./crash-kit/crash-log.js";
export type { CrashOutside, CrashWorkflow } from "./crash-kit/crash-workflow.js";
export type { MachineClock } from "./crash-kit/machine-clock.js";
export {
  type DispatcherConformanceOptions,
  type DispatcherLine,
  dispatcherConformance,
} from "./dispatcher-conformance/dispatcher-conformance.js";
export {
  type FaultPlan,
  type FaultyStorage,
  faultyStorage,
  type StorageFault,
  type StorageMethod,
} from "./faulty-storage.js";
export { type HttpCassette, type HttpCassetteOptions, type HttpFetch, httpCassette } from "./http-cassette.js";
export { conformance, type NodeConformanceOptions } from "./node-conformance/node-conformance.js";
export { commitOne, creation, eventDraft, executionRecord, inboxItem, nodeRecord, waitRecord } from "./sample-rows.js";
export {
  type ScriptedCall,
  type ScriptedNode,
  type ScriptedNodeOptions,
  type ScriptedOutcome,
  scriptedNode,
} from "./scripted-node.js";
export { seededRandom, sequentialIds } from "./seeded-random.js";
export { silentLogger } from "./silent-logger.js";
export {
  type ConformanceCase,
  type StorageConformanceOptions,
  storageConformance,
} from "./storage-conformance/storage-conformance.js";
export { type TestClock, type TestClockOptions, testClock } from "./test-clock.js";
export { TestEngine, type TestEngineOptions, testEngine } from "./test-engine.js";
export { type TestNodeBuilder, type TestNodeResult, testNode } from "./test-node.js";
