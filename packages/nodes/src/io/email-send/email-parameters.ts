import { z } from "@automatrix/core";
import { CONTROL_CHARACTER, type MailAddressInput, parseAddresses } from "../messaging/mail-address.js";

const MAX_SUBJECT_LENGTH = 990;
const MAX_BODY_LENGTH = 5 * 1024 * 1024;
const MAX_ATTACHMENTS = 50;
const MAX_HEADERS = 30;
const MAX_HEADER_LENGTH = 900;
const MAX_ADDRESS_ITEMS = 1_000;
const NO_CONTROL_CHARACTERS = "must not hold line breaks or control characters";

/** Headers that the mail has of its own, or that say how it is built and where it goes. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "from",
  "sender",
  "to",
  "cc",
  "bcc",
  "reply-to",
  "subject",
  "date",
  "message-id",
  "mime-version",
  "return-path",
  "received",
  "dkim-signature",
  "content-length",
]);

export type EmailParameters = z.output<ReturnType<typeof emailParameters>>;
export type AttachmentParameters = NonNullable<EmailParameters["attachments"]>[number];

export function emailParameters() {
  return z
    .object({
      to: addresses().describe(
        "Recipients: one address or a list; `Ada <ada@example.com>` and { address, name } work.",
      ),
      cc: addresses().optional().describe("Recipients of a copy."),
      bcc: addresses().optional().describe("Recipients of a copy that the others do not see."),
      from: addresses().optional().describe("Sender; the credential's or the operator's when left out."),
      replyTo: addresses().optional().describe("Where answers go."),
      subject: line(MAX_SUBJECT_LENGTH).describe("Subject, one line."),
      text: z.string().max(MAX_BODY_LENGTH).optional().describe("The mail as plain text."),
      html: z.string().max(MAX_BODY_LENGTH).optional().describe("The mail as HTML, beside or in place of the text."),
      attachments: z.array(attachment()).max(MAX_ATTACHMENTS).optional().describe("Files sent with the mail."),
      headers: headers().optional().describe("Further headers, such as List-Unsubscribe."),
      credential: z
        .string()
        .min(1)
        .optional()
        .describe(
          'Credential with the SMTP settings; the operator\'s mailer, else the credential "smtp", when left out.',
        ),
    })
    .refine(({ text, html }) => text !== undefined || html !== undefined, "Give text, html or both.");
}

function attachment() {
  return z.object({
    filename: line(200)
      .refine((name) => name.trim() !== "", "must not be empty")
      .describe("Name that the recipient sees."),
    content: z
      .union([
        z.string(),
        z.object({ $blob: z.string().min(1), bytes: z.number().int().min(0), contentType: z.string() }),
      ])
      .describe("Text, base64 (with `encoding`), or a blob reference that another node put out."),
    encoding: z.enum(["text", "base64"]).default("text").describe("How `content` is to be read where it is text."),
    contentType: z
      .string()
      .regex(/^[\w.+-]{1,80}\/[\w.+-]{1,80}(; ?[\w-]{1,40}=[\w.-]{1,80})?$/)
      .optional()
      .describe("Such as application/pdf; by the file name, or the blob's, when left out."),
    contentId: z
      .string()
      .regex(/^[\w.@+-]{1,100}$/)
      .optional()
      .describe("Lets the HTML show the file: cid:… as the source of an image."),
  });
}

function headers() {
  const name = z
    .string()
    .regex(/^[A-Za-z0-9-]{1,76}$/)
    .refine(
      (header) => !OWN_HEADERS.has(header.toLowerCase()) && !/^(content|resent)-/i.test(header),
      "is a header that cannot be set here",
    );
  return z
    .record(name, line(MAX_HEADER_LENGTH))
    .refine((all) => Object.keys(all).length <= MAX_HEADERS, `There are more than ${MAX_HEADERS} headers.`);
}

function line(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .refine((text) => !CONTROL_CHARACTER.test(text), NO_CONTROL_CHARACTERS);
}

function addresses() {
  const one = z.union([
    z.string().max(100_000),
    z.object({ address: z.string().max(1_000), name: z.string().max(1_000).optional() }),
  ]);
  return z.union([one, z.array(one).max(MAX_ADDRESS_ITEMS)]).superRefine((given, check) => {
    const parsed = parseAddresses(given as MailAddressInput | readonly MailAddressInput[]);
    if (typeof parsed === "string") check.addIssue(`Here ${parsed}.`);
  });
}
