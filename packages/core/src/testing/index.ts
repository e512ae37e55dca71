/** Test kit of `@automatrix/core`. */
export {
  type FaultPlan,
  type FaultyStorage,
  faultyStorage,
  type StorageFault,
  type StorageMethod,
} from "./faulty-storage.js";
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
