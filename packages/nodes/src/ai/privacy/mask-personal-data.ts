import { passesLuhnCheck } from "./luhn-check.js";

/** What stands for a finding, and how it is found. Bounded repetitions keep every pattern linear in practice. */
const FINDINGS: readonly {
  readonly mask: string;
  readonly pattern: RegExp;
  readonly accepts?: (text: string) => boolean;
}[] = [
  { mask: "[key]", pattern: /\b(?:sk|pk|rk|key|api|token|AIza|ghp|xox[abp])[-_][A-Za-z0-9_-]{12,200}/g },
  { mask: "[key]", pattern: /\bBearer\s{1,4}[A-Za-z0-9._~+/-]{8,500}=*/gi },
  { mask: "[email]", pattern: /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g },
  { mask: "[iban]", pattern: /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g },
  { mask: "[card]", pattern: /\b\d(?:[ -]?\d){12,18}\b/g, accepts: passesLuhnCheck },
  { mask: "[ssn]", pattern: /\b\d{3}-\d{2}-\d{4}\b/g },
  { mask: "[ip]", pattern: /\b\d{1,3}(?:\.\d{1,3}){3}\b/g },
  {
    mask: "[phone]",
    pattern: /(?<![\w.])(?:\+|00)?\(?\d{1,4}\)?(?:[ ./-]?\(?\d{2,5}\)?){2,5}(?![\w.])/g,
    accepts: looksLikePhone,
  },
];

const MIN_PHONE_DIGITS = 7;
const MAX_PHONE_DIGITS = 15;

/**
 * Puts a label in place of what looks like personal data or a key: mail addresses, telephone, card, account and social
 * security numbers, IP addresses, API keys. Meant for logs; names and addresses of people stay, since no pattern finds them.
 */
export function maskPersonalData(text: string): string {
  return FINDINGS.reduce(
    (masked, { mask, pattern, accepts }) =>
      masked.replace(pattern, (found) => (accepts === undefined || accepts(found) ? mask : found)),
    text,
  );
}

function looksLikePhone(text: string): boolean {
  const digits = text.replace(/\D/g, "").length;
  return digits >= MIN_PHONE_DIGITS && digits <= MAX_PHONE_DIGITS;
}
