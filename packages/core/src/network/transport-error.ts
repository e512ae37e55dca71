import { AutomatrixError, FatalNodeError } from "../errors/errors.js";

/**
 * A call that ended without a whole answer. `code` is that of the system or of undici (`ECONNREFUSED`,
 * `UND_ERR_HEADERS_TIMEOUT`, …): the codes by which core tells what may pass. Whether the target has seen the request is
 * unknown, unless `isUnsent`.
 */
export class TransportError extends Error {
  readonly code: string;
  /** True when no connection came about, so that nothing was sent. */
  readonly isUnsent: boolean;

  constructor(message: string, options: { readonly code: string; readonly isUnsent: boolean }) {
    super(message);
    this.name = "TransportError";
    this.code = options.code;
    this.isUnsent = options.isUnsent;
  }
}

const MAX_CAUSES = 8;
const UNSENT_SYSTEM_CALLS = new Set(["connect", "getaddrinfo"]);
const CUT_SHORT = "HPE_INVALID_EOF_STATE";
const UNREADABLE = /^(?:HPE_|UND_ERR_HEADERS_OVERFLOW$|UND_ERR_RES_|Z_|ERR_BROTLI|ERR_PADDING|ERR__ERROR)/;
const CERTIFICATE =
  /^(?:CERT_|ERR_TLS_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET|VERIFY)|HOSTNAME_MISMATCH|INVALID_CA)/;

/** What undici threw as an error of ours that names the host; undefined for a misuse of fetch, which says enough. */
export function toTransportError(thrown: unknown, host: string): Error | undefined {
  const chain = causesOf(thrown);
  const own = chain.find((error) => AutomatrixError.is(error));
  if (own !== undefined) return own;
  if (chain.some(({ name, code }) => name === "HTTPParserError" && code === undefined))
    return unreadable(host, "no HTTP");
  const coded = chain.find((error): error is CodedError => typeof error.code === "string");
  if (coded === undefined) return undefined;
  const { code } = coded;
  if (code === CUT_SHORT) return lost("ECONNRESET", host, coded);
  if (CERTIFICATE.test(code)) return certificateRefused(host, code);
  if (UNREADABLE.test(code)) return unreadable(host, code);
  return lost(code, host, coded);
}

type SystemError = Error & { readonly code?: unknown; readonly syscall?: string };
type CodedError = SystemError & { readonly code: string };

function causesOf(thrown: unknown): readonly SystemError[] {
  const chain: SystemError[] = [];
  for (let error = thrown; error instanceof Error && chain.length < MAX_CAUSES; error = firstCauseOf(error)) {
    chain.push(error);
  }
  return chain;
}

/** Several addresses tried in vain are an aggregate: its first error speaks for it. */
function firstCauseOf(error: Error): unknown {
  return error.cause ?? (error instanceof AggregateError ? error.errors[0] : undefined);
}

function lost(code: string, host: string, cause: CodedError): TransportError {
  // Attempts at several addresses fail together as an aggregate that names no system call.
  const isUnsent =
    code === "UND_ERR_CONNECT_TIMEOUT" ||
    cause instanceof AggregateError ||
    UNSENT_SYSTEM_CALLS.has(cause.syscall ?? "");
  const message = isUnsent
    ? `No connection to "${host}" could be made (${code}).`
    : `The call to "${host}" ended without a whole answer (${code}).`;
  return new TransportError(message, { code, isUnsent });
}

function certificateRefused(host: string, reason: string): FatalNodeError {
  return new FatalNodeError(
    `The certificate of "${host}" is not trusted (${reason}). Give Node.js its authority through NODE_EXTRA_CA_CERTS.`,
    { code: "certificate_refused", details: { host, reason } },
  );
}

function unreadable(host: string, reason: string): AutomatrixError {
  return new AutomatrixError("invalid_response", `The answer of "${host}" is not proper HTTP (${reason}).`, {
    details: { host, reason },
  });
}
