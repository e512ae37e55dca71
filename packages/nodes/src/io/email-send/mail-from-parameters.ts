import { createHash } from "node:crypto";
import { type BlobReference, FatalNodeError, type NodeContext } from "@automatrix/core";
import { type MailAddress, type MailAddressInput, parseAddresses } from "../messaging/mail-address.js";
import type { MailAttachment, MailMessage } from "../messaging/mailer.js";
import type { AttachmentParameters, EmailParameters } from "./email-parameters.js";

export interface MailLimits {
  readonly maxRecipients: number;
  readonly maxAttachmentBytes: number;
}

type MailContext = Pick<NodeContext<EmailParameters>, "parameters" | "blobs" | "idempotencyKey">;

/**
 * The mail that the parameters describe, with the contents of its attachments.
 * @throws FatalNodeError `not_configured` without a sender; `invalid_input` beyond a limit
 */
export async function toMailMessage(
  ctx: MailContext,
  sender: string | undefined,
  limits: MailLimits,
): Promise<MailMessage> {
  const { parameters } = ctx;
  const from = readSender(parameters.from ?? sender);
  const message = {
    messageId: messageIdOf(ctx.idempotencyKey, from),
    from,
    to: readList(parameters.to),
    cc: readList(parameters.cc),
    bcc: readList(parameters.bcc),
    replyTo: readList(parameters.replyTo),
    subject: parameters.subject,
    headers: parameters.headers ?? {},
    ...(parameters.text === undefined ? {} : { text: parameters.text }),
    ...(parameters.html === undefined ? {} : { html: parameters.html }),
  };
  if (message.to.length === 0) throw invalidInput("The mail has no recipient: `to` is empty.");
  const recipients = message.to.length + message.cc.length + message.bcc.length;
  if (recipients > limits.maxRecipients) {
    throw invalidInput(
      `The mail has ${recipients} recipients; at most ${limits.maxRecipients} are allowed. Send it in parts with for_each.`,
    );
  }
  return { ...message, attachments: await readAttachments(ctx, limits.maxAttachmentBytes) };
}

/** The same for every attempt, so that a mail sent twice can be recognised as one. */
function messageIdOf(idempotencyKey: string, { address }: MailAddress): string {
  const digest = createHash("sha256").update(idempotencyKey).digest("hex").slice(0, 40);
  return `<${digest}@${address.slice(address.lastIndexOf("@") + 1)}>`;
}

function readSender(given: EmailParameters["from"] | undefined): MailAddress {
  if (given === undefined) {
    throw new FatalNodeError(
      "The mail has no sender: give `from`, or set it in the credential or the option mailFrom.",
      {
        code: "not_configured",
      },
    );
  }
  const [from, ...others] = readList(given);
  if (from === undefined || others.length > 0) throw invalidInput("The mail needs exactly one sender.");
  return from;
}

function readList(given: EmailParameters["to"] | undefined): readonly MailAddress[] {
  const parsed = parseAddresses((given ?? []) as MailAddressInput | readonly MailAddressInput[]);
  if (typeof parsed === "string") throw invalidInput(`The mail cannot be sent: ${parsed}.`);
  return parsed;
}

async function readAttachments(
  { parameters, blobs }: MailContext,
  maxBytes: number,
): Promise<readonly MailAttachment[]> {
  const read: MailAttachment[] = [];
  let room = maxBytes;
  for (const given of parameters.attachments ?? []) {
    if (declaredBytes(given) > room) throw tooLarge(maxBytes);
    const content = typeof given.content === "string" ? decode(given) : await blobs.get(given.content as BlobReference);
    room -= content.byteLength;
    if (room < 0) throw tooLarge(maxBytes);
    const contentType =
      given.contentType ?? (typeof given.content === "string" ? undefined : given.content.contentType);
    read.push({
      filename: given.filename,
      content,
      ...(contentType === undefined ? {} : { contentType: contentType.replace(/[\r\n]/g, "") }),
      ...(given.contentId === undefined ? {} : { contentId: given.contentId }),
    });
  }
  return read;
}

/** A lower bound, known before anything is decoded or loaded. */
function declaredBytes({ content, encoding }: AttachmentParameters): number {
  if (typeof content !== "string") return content.bytes;
  return encoding === "base64" ? Math.floor(content.length / 2) : content.length;
}

function decode({ content, encoding, filename }: AttachmentParameters): Uint8Array {
  const text = content as string;
  if (encoding === "text") return Buffer.from(text, "utf8");
  const packed = text.replace(/\s+/g, "");
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(packed)) throw invalidInput(`The attachment "${filename}" is not valid base64.`);
  return Buffer.from(packed, "base64");
}

function tooLarge(maxBytes: number): FatalNodeError {
  return invalidInput(
    `The attachments are larger than ${maxBytes} bytes together; put the files elsewhere and send a link.`,
  );
}

function invalidInput(message: string): FatalNodeError {
  return new FatalNodeError(message, { code: "invalid_input" });
}
