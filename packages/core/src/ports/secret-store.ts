/**
 * Where credentials come from. Values are masked in logs, events, errors and outputs. Asked each time that a node reads
 * a credential; what is slow to get, the store keeps for a while.
 */
export interface SecretStore {
  /**
   * The credential of this name for this tenant, or else the one that all tenants share; undefined when there is none.
   * The name may be any text that a workflow's author wrote. Rejecting fails the node's attempt, and says nothing secret.
   */
  get(name: string, scope: { readonly tenant: string | null }): Promise<Readonly<Record<string, unknown>> | undefined>;
}
