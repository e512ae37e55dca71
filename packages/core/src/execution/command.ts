/** What the shell has to do. `failed`, `skip` and `cancelled` tell it what to record; the state holds the rest. */
export type ScopeCommand =
  /** Ready to run: start it when there is a slot. */
  | { readonly type: "start"; readonly node: number }
  /** Send `retry_due` after the delay. */
  | { readonly type: "retry"; readonly node: number; readonly delayMs: number }
  | { readonly type: "failed"; readonly node: number }
  | { readonly type: "skip"; readonly node: number }
  | { readonly type: "cancelled"; readonly node: number }
  /** Abort the attempt that runs; its result no longer counts. */
  | { readonly type: "abort"; readonly node: number }
  /** Forget the timer, signal, approval or child that it waited for. */
  | { readonly type: "unpark"; readonly node: number }
  /** The scope drains: a parked node ends, a running container starts no further item or turn. */
  | { readonly type: "drain"; readonly node: number }
  | { readonly type: "ended" };
