export const DMS_RESOURCES = ["vehicles", "customers", "deals", "appointments"] as const;
export type DmsResource = (typeof DMS_RESOURCES)[number];

/** How a dealer management system is reached. Systems differ in their paths and names; the defaults are the plainest. */
export interface DmsOptions {
  /** Such as `https://api.dms.example/v1`. */
  readonly baseUrl: string;
  /** Credential with `token`, `apiKey` or `username` and `password`, or a plain text. Default `dms`. */
  readonly credential?: string;
  /** Header that carries an `apiKey`, also of a credential that is a plain text. Default `x-api-key`; plain text is a token then. */
  readonly apiKeyHeader?: string;
  /** Headers of every request, such as the id of the dealership. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Path of a resource below the base URL, where it is not its name. */
  readonly paths?: Readonly<Partial<Record<DmsResource, string>>>;
  /** Names of the query parameters of a list. Default `limit` and `cursor`. */
  readonly limitParameter?: string;
  readonly cursorParameter?: string;
  /** Largest page that the system gives. Default 100. */
  readonly maxPageSize?: number;
  /** True when the system does a request with a known `Idempotency-Key` only once: `create` may then be repeated. */
  readonly honoursIdempotencyKey?: boolean;
}
