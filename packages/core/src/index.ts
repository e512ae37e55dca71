/** Public API of `@automatrix/core`. */
export { z } from "zod";
export type { LeaseOptions } from "./coordination/claiming/lease.js";
export type { EngineHealth } from "./coordination/engine-health.js";
export type { EngineOptions } from "./coordination/engine-options.js";
export type { MigrationIssue, MigrationReport } from "./coordination/rerunning/migration.js";
export type { ReplayOptions, RetryOptions } from "./coordination/rerunning/reuse.js";
export type { RetentionOptions } from "./coordination/retention.js";
export { isCronExpression } from "./coordination/schedules/cron/is-cron-expression.js";
export type { Instant, Schedule, ScheduleChanges, ScheduleOptions } from "./coordination/schedules/schedule.js";
export type { Schedules } from "./coordination/schedules/schedules.js";
export type { ExecuteOptions } from "./coordination/starting/execute-options.js";
export type { ExecutionHandle } from "./coordination/starting/execution-handle.js";
export type { PreparedWorkflow } from "./coordination/starting/workflow-compiler.js";
export { defineNode } from "./definition/define-node.js";
export type { Issue, IssueCode } from "./definition/issue.js";
export { DEFAULT_LIMITS, type Limits } from "./definition/limits.js";
export type { ExecutionInfo, NodeContext, RunBodyOptions } from "./definition/node-context.js";
export { NodeRegistry } from "./definition/node-registry.js";
export type {
  NodeCategory,
  NodePack,
  NodeReturn,
  NodeType,
  NodeTypeDeclaration,
  VerifyAnswer,
} from "./definition/node-type.js";
export { parseDuration } from "./definition/parse-duration.js";
export type { ExecutionStatus, NodeStatus, SkipReason } from "./definition/status.js";
export { upgradeDefinition } from "./definition/upgrade-definition.js";
export { type ApprovalDecision, isWait, type Wait, type WaitFactory, type WaitOutcome } from "./definition/wait.js";
export {
  defineWorkflow,
  type EdgeOptions,
  type NodeOptions,
  type NodeParameters,
  type Template,
  type Templated,
  type WorkflowBuilder,
} from "./definition/workflow-builder.js";
export type {
  EdgeDefinition,
  Effects,
  JoinDefinition,
  JoinMode,
  NodeDefinition,
  OnErrorDefinition,
  RetryDefinition,
  WorkflowDefinition,
  WorkflowSettings,
} from "./definition/workflow-definition.js";
export { createEngine, type Engine } from "./engine.js";
export { ERROR_CODES, type ErrorCode } from "./errors/error-codes.js";
export {
  AutomatrixError,
  ConfigurationError,
  DefinitionError,
  type ErrorOptions,
  ExecutionError,
  ExpressionError,
  FatalNodeError,
  InternalError,
  RetryableNodeError,
  StorageError,
} from "./errors/errors.js";
export type { EventDraft, EventType, ExecutionEvent, JournalEventType, LiveEventType } from "./events/event.js";
export type { EventListener } from "./events/event-hub.js";
export { readAnnouncements } from "./events/read-announcements.js";
export type { ApprovalAnswer } from "./execution/approval.js";
export type {
  ExpressionFunction,
  FunctionContext,
  FunctionDefinition,
  FunctionTable,
  PureFunction,
} from "./expressions/functions/function-table.js";
export type { ExpressionErrorCode, FailureContext } from "./expressions/source-site.js";
export type { NetworkOptions } from "./network/network-options.js";
export { TransportError } from "./network/transport-error.js";
export type { BlobReference, BlobStore } from "./ports/blob-store.js";
export type { Cache } from "./ports/cache.js";
export type { Clock } from "./ports/clock.js";
export type * from "./ports/dispatcher.js";
export type * from "./ports/event-bus.js";
export type * from "./ports/execution-commit.js";
export type * from "./ports/execution-record.js";
export type { Ids } from "./ports/ids.js";
export type { Logger } from "./ports/logger.js";
export type { Random } from "./ports/random.js";
export type * from "./ports/rate-limiter.js";
export type * from "./ports/schedule-record.js";
export type * from "./ports/schedule-store.js";
export type { SecretStore } from "./ports/secret-store.js";
export type * from "./ports/storage.js";
export type { ExecutionResult, NodeResult } from "./running/execution/execution-result.js";
export type { Durability } from "./running/services.js";
export {
  type CredentialEntry,
  type CredentialScope,
  type EncryptedFileSecrets,
  type EncryptedFileSecretsOptions,
  encryptedFileSecrets,
} from "./system/credentials-file/encrypted-file-secrets.js";
export { generateCredentialsKey } from "./system/credentials-file/key-ring.js";
export { environmentSecrets } from "./system/environment-secrets.js";
export { inProcessDispatcher, JobLine } from "./system/in-process-dispatcher.js";
export { type ValidateOptions, validateDefinition } from "./validation/validate-definition.js";
