/**
 * The one table of error codes. Docs and HTTP status codes are derived from it; a test proves that every code
 * thrown in the code base is here.
 */
export const ERROR_CODES = {
  // definitions and configuration
  invalid_definition: { status: 422, meaning: "The definition has errors; `issues` lists every one." },
  invalid_configuration: { status: 400, meaning: "An option of the engine or a call has a value that cannot work." },
  capability_missing: { status: 400, meaning: "The storage or engine lacks something that the definition needs." },
  duplicate_node_type: { status: 400, meaning: "Two node types share a type or alias and a version." },
  // looking things up
  execution_not_found: { status: 404, meaning: "No execution has this id." },
  workflow_not_found: { status: 404, meaning: "No workflow has this id or version." },
  node_not_found: { status: 404, meaning: "The execution has no node with this path." },
  wait_not_found: { status: 404, meaning: "The node is not waiting for what was sent." },
  trigger_not_found: { status: 422, meaning: "The trigger named is not a trigger node of the definition." },
  trigger_required: { status: 422, meaning: "The definition has several triggers; name the one that fires." },
  schedule_not_found: { status: 404, meaning: "No schedule has this id." },
  schedule_exists: { status: 409, meaning: "A schedule has this id already." },
  invalid_schedule: {
    status: 422,
    meaning: "The options of the schedule cannot work, such as its cron expression or zone.",
  },
  // life of an execution
  execution_ended: { status: 409, meaning: "The execution has already ended." },
  execution_completed: { status: 409, meaning: "The execution completed; there is nothing to retry." },
  execution_active: { status: 409, meaning: "The execution has not ended yet." },
  execution_cancelled: { status: 409, meaning: "The execution was cancelled." },
  execution_timed_out: { status: 504, meaning: "The execution ran longer than settings.timeoutMs." },
  limit_reached: { status: 429, meaning: "As many executions of this concurrency key run as may." },
  inbox_full: { status: 429, meaning: "The execution's inbox holds as many unread signals as it may." },
  engine_closed: { status: 503, meaning: "The engine was closed or not started." },
  invalid_input: { status: 400, meaning: "The input or argument given is not acceptable." },
  // running a node
  node_failed: { status: 500, meaning: "The node threw an error of its own." },
  retryable: { status: 503, meaning: "The node failed in a way that may pass." },
  fatal: { status: 422, meaning: "The node failed in a way that no retry mends." },
  invalid_parameters: { status: 422, meaning: "The node's parameters break its schema." },
  unknown_port: { status: 422, meaning: "The node emitted a port that it does not declare." },
  output_not_serializable: { status: 422, meaning: "The output holds something that JSON cannot." },
  output_invalid: { status: 422, meaning: "The output breaks the schema of the node type." },
  output_too_large: { status: 413, meaning: "The output is larger than maxOutputBytes." },
  attempt_timed_out: { status: 504, meaning: "One attempt took longer than attemptTimeoutMs." },
  node_timed_out: { status: 504, meaning: "The node with all its attempts took longer than timeoutMs." },
  node_cancelled: { status: 409, meaning: "The node was cancelled." },
  wait_timed_out: { status: 504, meaning: "What the node waited for did not come in time." },
  loop_limit_reached: { status: 422, meaning: "The loop's condition was still true at maxIterations." },
  item_failed: { status: 500, meaning: "An item of a for_each failed." },
  too_many_items: { status: 413, meaning: "A for_each was given more than maxItems items." },
  child_failed: { status: 500, meaning: "A child execution failed or was cancelled." },
  depth_exceeded: { status: 422, meaning: "Sub-workflows are nested deeper than the limit." },
  node_type_missing: { status: 409, meaning: "A node type that the execution pinned is not registered." },
  transaction_misused: { status: 422, meaning: "The node used ctx.transaction in a way that cannot work." },
  transaction_timed_out: { status: 504, meaning: "The node's transaction was open for too long and was rolled back." },
  unknown_outcome: { status: 409, meaning: "A once node ended without a result; a person must decide." },
  quarantined: { status: 409, meaning: "The execution crashed its worker too often." },
  credential_not_found: { status: 422, meaning: "No credential has this name." },
  permission_denied: { status: 403, meaning: "The node type did not declare the permission it uses." },
  // expressions
  expression_syntax: { status: 422, meaning: "The expression cannot be parsed." },
  expression_type: { status: 422, meaning: "The expression mixes types that do not go together." },
  expression_limit: { status: 422, meaning: "The expression needs more steps or memory than allowed." },
  expression_failed: { status: 422, meaning: "The expression could not be evaluated." },
  unresolved_name: { status: 422, meaning: "A bare name in an expression exists nowhere." },
  unknown_function: { status: 422, meaning: "The expression calls a function that does not exist." },
  // storage
  lease_lost: { status: 409, meaning: "Another worker owns the execution now." },
  storage_unavailable: { status: 503, meaning: "The storage did not answer." },
  storage_closed: { status: 503, meaning: "The storage was closed or not opened." },
  storage_full: { status: 507, meaning: "The storage has no room left." },
  storage_corrupt: { status: 500, meaning: "The storage is damaged or is no database of AutoMatrix." },
  storage_readonly: { status: 500, meaning: "The storage may not be written." },
  migration_failed: { status: 500, meaning: "The storage's schema could not be brought up to date." },
  dispatcher_unavailable: { status: 503, meaning: "The dispatcher did not answer, and starts wait for it." },
  blob_not_found: { status: 404, meaning: "No blob has this reference." },
  internal: { status: 500, meaning: "A fault in AutoMatrix itself; please report it." },
} as const satisfies Readonly<Record<string, { readonly status: number; readonly meaning: string }>>;

/** A stable, machine-readable error code. */
export type ErrorCode = keyof typeof ERROR_CODES;
