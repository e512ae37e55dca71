export { createAgentNodes } from "./ai/ai-agent/agent-nodes.js";
export type { AgentDefaults, AgentOptions } from "./ai/ai-agent/agent-options.js";
export { aiAgent } from "./ai/ai-agent/ai-agent.js";
export { createEmbedder, type Embedder, type EmbeddingRequest, type Embeddings } from "./ai/ai-embedding/embedder.js";
export { type AiLayer, createAiLayer } from "./ai/ai-layer.js";
export { createAiNodes } from "./ai/ai-nodes.js";
export type {
  AiCall,
  AiExperiment,
  AiFallback,
  AiModelTarget,
  AiOptions,
  AiPrice,
  AiProvider,
  AiProviderBase,
  CircuitBreakerOptions,
} from "./ai/ai-options.js";
export type { BudgetLimit, BudgetOptions } from "./ai/budget/budget-options.js";
export type { BudgetAmount, BudgetStore } from "./ai/budget/budget-store.js";
export { memoryBudgetStore } from "./ai/budget/memory-budget-store.js";
export type { PaidCall, Spending, Spent } from "./ai/budget/spending.js";
export type * from "./ai/chat-model.js";
export { createModelSource, type ModelSource, type OpenModel } from "./ai/model-source.js";
export type { ModelPrices, PricedModel } from "./ai/prices/model-prices.js";
export type { AiErrorDetails, AiErrorReason } from "./ai/provider-error.js";
export type { WantedModel } from "./ai/routing.js";
export type { CircuitBreakers, CircuitName } from "./ai/wrappers/circuit-breakers.js";
export { createBusinessNodes } from "./business/business-nodes.js";
export type { BusinessOptions } from "./business/business-options.js";
export type { CrmCall, CrmRecord, CrmStore, CrmUpsert } from "./business/crm-upsert/crm-store.js";
export { MemoryCrmStore, type StoredCrmRecord } from "./business/crm-upsert/memory-crm-store.js";
export { DMS_RESOURCES, type DmsOptions, type DmsResource } from "./business/dms-request/dms-options.js";
export { hubspot } from "./business/hubspot/hubspot.js";
export { codeJavascript } from "./code/code-javascript/code-javascript.js";
export { codeNodes } from "./code/code-nodes.js";
export { codePython } from "./code/code-python/code-python.js";
export { aggregate } from "./data/aggregate/aggregate.js";
export { compress } from "./data/compress/compress.js";
export { crypto } from "./data/crypto/crypto.js";
export { dataNodes } from "./data/data-nodes.js";
export { dataTransform } from "./data/data-transform/data-transform.js";
export { dateTime } from "./data/date-time/date-time.js";
export { filter } from "./data/filter/filter.js";
export { format } from "./data/format/format.js";
export { jsonSchemaValidate } from "./data/json-schema-validate/json-schema-validate.js";
export { limit } from "./data/limit/limit.js";
export { parse } from "./data/parse/parse.js";
export { removeDuplicates } from "./data/remove-duplicates/remove-duplicates.js";
export { setVariables } from "./data/set-variables/set-variables.js";
export { sort } from "./data/sort/sort.js";
export { split } from "./data/split/split.js";
export { approval } from "./flow/approval/approval.js";
export { condition } from "./flow/condition/condition.js";
export { OPERATOR_NAMES, type OperatorName } from "./flow/condition/operators.js";
export { delay } from "./flow/delay/delay.js";
export { end } from "./flow/end/end.js";
export { fail } from "./flow/fail/fail.js";
export { flowNodes } from "./flow/flow-nodes.js";
export { forEach } from "./flow/for-each/for-each.js";
export { merge } from "./flow/merge/merge.js";
export { respondToWebhook } from "./flow/respond-to-webhook/respond-to-webhook.js";
export { subWorkflow } from "./flow/sub-workflow/sub-workflow.js";
export { switchNode } from "./flow/switch/switch.js";
export { tryNode } from "./flow/try/try.js";
export { waitForSignal } from "./flow/wait-for-signal/wait-for-signal.js";
export { whileLoop } from "./flow/while-loop/while-loop.js";
export {
  type ActionContext,
  defineIntegration,
  type Integration,
  type IntegrationAction,
  type IntegrationDeclaration,
  type IntegrationTestContext,
} from "./integrations/define-integration.js";
export {
  describeIntegration,
  type IntegrationDescription,
  type IntegrationTestResult,
  testIntegration,
} from "./integrations/describe-integration.js";
export { createIntegrationNode, type IntegrationOptions } from "./integrations/integration-node.js";
export {
  type ConfiguredIntegration,
  type IntegrationStore,
  memoryIntegrationStore,
} from "./integrations/integration-store.js";
export { createDatabaseNodes } from "./io/database-query/database-query.js";
export type {
  DatabaseConnectionOption,
  DatabaseConnectionSettings,
  DatabaseNodesOptions,
} from "./io/databases/database-options.js";
export { createFileNodes } from "./io/files/file-nodes.js";
export type { FileNodesOptions } from "./io/files/file-root.js";
export { graphqlRequest } from "./io/graphql-request/graphql-request.js";
export { httpRequest } from "./io/http-request/http-request.js";
export { createIoNodes, type IoOptions } from "./io/io-nodes.js";
export { consoleMailer } from "./io/messaging/console-mailer.js";
export { consoleSmsSender } from "./io/messaging/console-sms-sender.js";
export type { DeliveryCall } from "./io/messaging/delivery-call.js";
export type { MailAddress } from "./io/messaging/mail-address.js";
export type { MailAttachment, Mailer, MailMessage, MailReceipt, MailRejection } from "./io/messaging/mailer.js";
export { createMessagingNodes } from "./io/messaging/messaging-nodes.js";
export type { MessagingOptions } from "./io/messaging/messaging-options.js";
export { type SendGridOptions, sendGridMailer } from "./io/messaging/send-grid-mailer.js";
export { type SesSettings, sesMailer } from "./io/messaging/ses-mailer.js";
export type { SmsMessage, SmsReceipt, SmsSender } from "./io/messaging/sms-sender.js";
export { smtpMailer } from "./io/messaging/smtp-mailer.js";
export type { SmtpEncryption, SmtpSettings } from "./io/messaging/smtp-settings.js";
export { type SnsSettings, snsSmsSender } from "./io/messaging/sns-sms-sender.js";
export { type TwilioSettings, twilioSmsSender } from "./io/messaging/twilio-sms-sender.js";
export { createRedisNodes } from "./io/redis-command/redis-command.js";
export type {
  RedisConnectionOption,
  RedisNodesOptions,
  RedisServerSettings,
} from "./io/redis-command/redis-servers.js";
export type { S3ConnectionOption, S3NodesOptions } from "./io/s3-object/s3-connection.js";
export { createS3Nodes } from "./io/s3-object/s3-object.js";
export { slackMessage } from "./io/slack-message/slack-message.js";
export { createKnowledgeNodes } from "./knowledge/knowledge-nodes.js";
export type { EmbedTexts, KnowledgeOptions } from "./knowledge/knowledge-options.js";
export { memoryVectorStore } from "./knowledge/stores/memory-vector-store.js";
export { type PgvectorStoreOptions, pgvectorStore } from "./knowledge/stores/pgvector-store.js";
export { type SqliteVectorStoreOptions, sqliteVectorStore } from "./knowledge/stores/sqlite-vector-store.js";
export type * from "./knowledge/vector-store.js";
export type { McpCaller } from "./mcp/mcp-caller.js";
export type { McpToolCall } from "./mcp/mcp-connection.js";
export { McpManager } from "./mcp/mcp-manager.js";
export { createMcpNodes } from "./mcp/mcp-nodes.js";
export type {
  AllowedCommand,
  HttpMcpServer,
  McpOptions,
  McpServer,
  McpServerLookup,
  StdioMcpServer,
} from "./mcp/mcp-options.js";
export type { McpAttachment, McpToolOutput } from "./mcp/tool-output.js";
export type { StandardNodesOptions } from "./standard-nodes.js";
export { standardNodes } from "./standard-nodes.js";
export { webRead } from "./tools/web-read/web-read.js";
export { type JinaSearchOptions, jinaSearch } from "./tools/web-search/jina-search.js";
export { createWebNodes, type WebOptions } from "./tools/web-search/web-nodes.js";
export type { WebSearchOptions } from "./tools/web-search/web-search.js";
export type * from "./tools/web-search/web-search-provider.js";
export { errorTrigger } from "./triggers/error-trigger/error-trigger.js";
export { eventTrigger } from "./triggers/event-trigger/event-trigger.js";
export type { WebhookAnswer, WebhookRequest } from "./triggers/firing/receive-webhook.js";
export type { WorkflowSource } from "./triggers/firing/trigger-index.js";
export { createTriggers, type TriggerEvent, type Triggers, type TriggersOptions } from "./triggers/firing/triggers.js";
export { sign as signWebhook } from "./triggers/firing/webhook-signature.js";
export { scheduleTrigger } from "./triggers/schedule-trigger/schedule-trigger.js";
export { start } from "./triggers/start/start.js";
export { triggerNodes } from "./triggers/trigger-nodes.js";
export { webhookTrigger } from "./triggers/webhook-trigger/webhook-trigger.js";
