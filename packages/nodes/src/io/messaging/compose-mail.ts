import type MailComposer from "nodemailer/lib/mail-composer";
import { loadOptionalModule } from "../../loading/load-optional-module.js";
import type { MailAddress } from "./mail-address.js";
import type { MailMessage } from "./mailer.js";

/** The mail as it travels: MIME, dated `now` (milliseconds since the epoch), without its `bcc`. */
export async function composeMail(message: MailMessage, now: number): Promise<Buffer> {
  const Composer = loadOptionalModule<typeof MailComposer>("nodemailer/lib/mail-composer", "Sending mail");
  const { attachments, to, cc, bcc: _, replyTo, from, ...rest } = message;
  const composer = new Composer({
    ...rest,
    from: toMailbox(from),
    to: to.map(toMailbox),
    cc: cc.map(toMailbox),
    replyTo: replyTo.map(toMailbox),
    date: new Date(now),
    newline: "win",
    disableFileAccess: true,
    disableUrlAccess: true,
    attachments: attachments.map(({ filename, contentType, content, contentId }) => ({
      filename,
      content: Buffer.from(content.buffer, content.byteOffset, content.byteLength),
      ...(contentType === undefined ? {} : { contentType }),
      ...(contentId === undefined ? {} : { cid: contentId, contentDisposition: "inline" as const }),
    })),
  });
  return composer.compile().build();
}

function toMailbox({ address, name = "" }: MailAddress): { readonly address: string; readonly name: string } {
  return { address, name };
}
