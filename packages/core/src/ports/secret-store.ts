/** Where credentials come from. Values are masked in logs, events, errors and outputs. */
export interface SecretStore {
  /** The credential of this name for this tenant; undefined when there is none. */
  get(name: string, scope: { readonly tenant: string | null }): Promise<Readonly<Record<string, unknown>> | undefined>;
}
