/**
 * A mailer on SMTP: one connection for a mail.
 *
 * An SMTP server takes a mail on when it answers the end of the data. Until the last byte of the data has been handed to
 * the connection, whatever goes wrong has sent nothing. From then until the answer nobody can tell, since the answer may
 * have been lost on its way: such a failure is neither retryable nor fatal.
 */
import { Readable } from "node:stream";
import { AutomatrixError, FatalNodeError, RetryableNodeError } from "@automatrix/core";
import type SmtpConnection from "nodemailer/lib/smtp-connection";
import { loadOptionalModule } from "../../loading/load-optional-module.js";
import { composeMail } from "./compose-mail.js";
import type { DeliveryCall } from "./delivery-call.js";
import { parseAddresses } from "./mail-address.js";
import type { Mailer, MailMessage, MailReceipt, MailRejection } from "./mailer.js";
import type { SmtpSettings } from "./smtp-settings.js";

const CONNECTION_TIMEOUT_MS = 20_000;
const SOCKET_TIMEOUT_MS = 60_000;
const MAX_SERVER_ANSWER_BYTES = 64 * 1024;
const MAX_RESPONSE_LENGTH = 300;
const CHUNK_BYTES = 64 * 1024;

export function smtpMailer(settings: SmtpSettings): Mailer {
  const defaultFrom = settings.from ?? addressIn(settings.username);
  return Object.freeze({
    ...(defaultFrom === undefined ? {} : { defaultFrom }),
    async send(message: MailMessage, call: DeliveryCall): Promise<MailReceipt> {
      const content = await composeMail(message, call.clock.now());
      const session = new SmtpSession(settings);
      const stop = () => session.close();
      call.signal.addEventListener("abort", stop, { once: true });
      try {
        call.signal.throwIfAborted();
        return await session.deliver(message, content);
      } finally {
        call.signal.removeEventListener("abort", stop);
        session.close();
      }
    },
  });
}

/** Many servers take an address for the name to sign in with. */
function addressIn(username = ""): string | undefined {
  const parsed = parseAddresses({ address: username });
  return typeof parsed === "string" ? undefined : username;
}

/** An error as nodemailer reports it. */
interface SmtpFailure extends Error {
  readonly code?: string;
  readonly command?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly recipient?: string;
  readonly rejected?: readonly string[];
  readonly rejectedErrors?: readonly SmtpFailure[];
}

class SmtpSession {
  readonly #connection: SmtpConnection;
  readonly #settings: SmtpSettings;
  #isHandedOver = false;
  #fail: (error: Error) => void = () => {};

  constructor(settings: SmtpSettings) {
    const Connection = loadOptionalModule<typeof SmtpConnection>("nodemailer/lib/smtp-connection", "Sending mail");
    const { host, port, encryption, certificateAuthority } = settings;
    this.#settings = settings;
    this.#connection = new Connection({
      host,
      port,
      secure: encryption === "tls",
      requireTLS: encryption === "starttls",
      ignoreTLS: encryption === "none",
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      greetingTimeout: CONNECTION_TIMEOUT_MS,
      dnsTimeout: CONNECTION_TIMEOUT_MS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      maxResponseSize: MAX_SERVER_ANSWER_BYTES,
      tls: { minVersion: "TLSv1.2", ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }) },
    } as ConstructorParameters<typeof SmtpConnection>[0]);
    this.#connection.on("error", (error: Error) => this.#fail(error));
    this.#connection.on("end", () => this.#fail(new Error("The connection was closed.")));
  }

  async deliver(message: MailMessage, content: Buffer): Promise<MailReceipt> {
    try {
      await this.#during<void>((done) => this.#connection.connect((error) => done(error ?? null)));
      await this.#signIn();
      const sent = await this.#during<SmtpReceipt>((done) =>
        this.#connection.send(toEnvelope(message, content), this.#source(content), done as never),
      );
      return toReceipt(message, sent);
    } catch (error) {
      throw toMailError(this.#settings, error as SmtpFailure, this.#isHandedOver);
    }
  }

  close(): void {
    this.#connection.close();
    this.#fail(new Error("The connection was closed."));
  }

  async #signIn(): Promise<void> {
    const { username, password } = this.#settings;
    if (username === undefined || password === undefined) return;
    await this.#during<void>((done) =>
      this.#connection.login({ user: username, pass: password } as never, (error: Error | null) => done(error)),
    );
  }

  /** The data in chunks; it has been handed over once the last was taken and the end is asked for. */
  #source(content: Buffer): Readable {
    const read = function* (session: SmtpSession): Generator<Buffer> {
      for (let offset = 0; offset < content.length; offset += CHUNK_BYTES) {
        yield content.subarray(offset, offset + CHUNK_BYTES);
      }
      session.#isHandedOver = true;
    };
    return Readable.from(read(this), { objectMode: false, highWaterMark: 1 });
  }

  /** Runs one exchange; a connection that breaks in the middle ends it. */
  #during<Value>(run: (done: (error: Error | null, value?: Value) => void) => void): Promise<Value> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      run((error, value) => (error === null || error === undefined ? resolve(value as Value) : reject(error)));
    });
  }
}

interface SmtpReceipt {
  readonly accepted: readonly string[];
  readonly rejected: readonly string[];
  readonly rejectedErrors?: readonly SmtpFailure[];
  readonly response?: string;
}

function toEnvelope({ from, to, cc, bcc }: MailMessage, { length }: Buffer) {
  const recipients = new Set([...to, ...cc, ...bcc].map(({ address }) => address));
  return { from: from.address, to: [...recipients], size: length };
}

function toReceipt(
  { messageId }: MailMessage,
  { accepted, rejected, rejectedErrors = [], response }: SmtpReceipt,
): MailReceipt {
  return {
    messageId,
    accepted,
    rejections: rejected.map((address) => toRejection(address, rejectedErrors)),
    ...(response === undefined ? {} : { response: toLine(response) }),
  };
}

function toRejection(address: string, errors: readonly SmtpFailure[]): MailRejection {
  const status = errors.find(({ recipient }) => recipient === address)?.responseCode;
  return { address, isTemporary: isTemporary(status), ...(status === undefined ? {} : { status }) };
}

function isTemporary(status: number | undefined): boolean {
  return status === undefined || status < 500 || status === 503;
}

function toMailError({ host, port }: SmtpSettings, error: SmtpFailure, isHandedOver: boolean): AutomatrixError {
  const server = `The mail server ${host}:${port}`;
  const { responseCode, code, command, rejectedErrors = [] } = error;
  const details = {
    ...(command === undefined ? {} : { command }),
    ...(responseCode === undefined ? {} : { status: responseCode }),
    ...(error.response === undefined ? {} : { response: toLine(error.response) }),
  };
  if (responseCode !== undefined) {
    const statuses =
      rejectedErrors.length > 0 ? rejectedErrors.map((rejection) => rejection.responseCode) : [responseCode];
    if (statuses.some(isTemporary)) {
      const message = `${server} cannot take the mail now (status ${responseCode}).`;
      return new RetryableNodeError(message, { code: "service_unavailable", details });
    }
    const remedy = command?.startsWith("AUTH") ? " Check the user name and password of the credential." : "";
    return new FatalNodeError(`${server} refused the mail (status ${responseCode}).${remedy}`, {
      code: "service_refused",
      details,
    });
  }
  if (isHandedOver) {
    const message = `${server} did not say whether it took the mail; it may have been sent.`;
    return new AutomatrixError("unknown_outcome", message, { details, cause: error });
  }
  if (isFatal(code)) {
    return new FatalNodeError(`${server} cannot be used with these settings (${code}).`, {
      code: "service_refused",
      details,
      cause: error,
    });
  }
  const message = `${server} cannot be reached, or ended the connection before it had the mail.`;
  return new RetryableNodeError(message, { code: "service_unavailable", details, cause: error });
}

/** Failures of nodemailer's own, before the mail is on its way, that another attempt meets again. */
function isFatal(code: string | undefined): boolean {
  return code === "EAUTH" || code === "ENOAUTH" || code === "EENVELOPE" || code === "EMESSAGE" || code === "ECONFIG";
}

function toLine(text: string): string {
  return text.replace(/\s+/g, " ").slice(0, MAX_RESPONSE_LENGTH);
}
