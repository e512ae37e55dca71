/** The credentials that the examples name or leave to their defaults. */
export const CREDENTIALS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  orders: { token: "orders-token" },
  openai: { apiKey: "openai-key" },
  stability: { apiKey: "stability-key" },
  slack: { token: "slack-token" },
  fcm: { projectId: "garage", accessToken: "fcm-token" },
  jina: { token: "jina-token" },
  hubspot: { accessToken: "hubspot-token" },
  salesforce: { clientId: "id", clientSecret: "salesforce-secret" },
  dms: { token: "dms-token" },
};
