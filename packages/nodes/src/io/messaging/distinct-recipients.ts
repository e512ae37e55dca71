import type { MailAddress } from "./mail-address.js";
import type { MailMessage } from "./mailer.js";

/** The recipients of a mail, each where it is named first. */
export function distinctRecipients({ to, cc, bcc }: MailMessage): Pick<MailMessage, "to" | "cc" | "bcc"> {
  const seen = new Set<string>();
  const firstOnly = (addresses: readonly MailAddress[]) =>
    addresses.filter(({ address }) => {
      const key = address.toLowerCase();
      const isFirst = !seen.has(key);
      seen.add(key);
      return isFirst;
    });
  return { to: firstOnly(to), cc: firstOnly(cc), bcc: firstOnly(bcc) };
}
