import { FatalNodeError, z } from "@automatrix/core";

/** How the connection is protected: TLS from the start, an upgrade that must or may succeed, or none. */
export type SmtpEncryption = "tls" | "starttls" | "starttls_if_offered" | "none";

/** Where an SMTP server is and how to sign in. */
export interface SmtpSettings {
  readonly host: string;
  /** Default 587; 465 with `encryption: "tls"`. */
  readonly port: number;
  readonly encryption: SmtpEncryption;
  readonly username?: string;
  readonly password?: string;
  /** Sender where the mail names none; without it the `username`, if that is an address. */
  readonly from?: string;
  /** PEM of a certificate authority that the server's certificate may come from. */
  readonly certificateAuthority?: string;
}

const IMPLICIT_TLS_PORT = 465;
const SUBMISSION_PORT = 587;

/**
 * Reads the settings from a credential: `host`, and where they apply `port`, `secure`, `encryption`, `username` (`user`),
 * `password` (`pass`), `from`, `certificateAuthority`. Numbers and booleans may be text, as environment variables are.
 * Without `encryption` a password never travels unprotected, except to this machine.
 * @throws FatalNodeError `not_configured` naming the field
 */
export function parseSmtpSettings(credential: Readonly<Record<string, unknown>>, name: string): SmtpSettings {
  const parsed = fieldsSchema().safeParse(credential);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join(".") || "host";
    throw new FatalNodeError(`The credential "${name}" is no SMTP setting: check its field "${field}".`, {
      code: "not_configured",
    });
  }
  const given = parsed.data;
  const username = given.username ?? given.user;
  const password = given.password ?? given.pass;
  const isImplicit = given.encryption === "tls" || given.secure === true;
  const port = given.port ?? (isImplicit ? IMPLICIT_TLS_PORT : SUBMISSION_PORT);
  return {
    host: given.host,
    port,
    encryption: given.encryption ?? defaultEncryption({ ...given, port, hasPassword: password !== undefined }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(given.from === undefined ? {} : { from: given.from }),
    ...(given.certificateAuthority === undefined ? {} : { certificateAuthority: given.certificateAuthority }),
  };
}

function defaultEncryption(given: {
  readonly host: string;
  readonly port: number;
  readonly secure?: boolean | undefined;
  readonly hasPassword: boolean;
}): SmtpEncryption {
  if (given.secure ?? given.port === IMPLICIT_TLS_PORT) return "tls";
  if (isLoopback(given.host)) return "none";
  return given.hasPassword ? "starttls" : "starttls_if_offered";
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function fieldsSchema() {
  const text = z.string().min(1).max(2_000).optional();
  return z.object({
    host: z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/),
    port: z.coerce.number().int().min(1).max(65_535).optional(),
    secure: z.union([z.boolean(), z.enum(["true", "false"]).transform((value) => value === "true")]).optional(),
    encryption: z.enum(["tls", "starttls", "starttls_if_offered", "none"]).optional(),
    username: text,
    user: text,
    password: text,
    pass: text,
    from: text,
    certificateAuthority: z.string().max(100_000).optional(),
  });
}
