import { z } from "@automatrix/core";
import { authParameter } from "../../http/auth-parameter.js";
import { paginationParameter } from "../../http/pagination-parameter.js";
import {
  headersParameter,
  maxResponseBytesParameter,
  queryParameter,
  timeoutParameter,
  urlParameter,
} from "../../http/request-parameters.js";
import { choiceParameter } from "../../parameters/choice-parameter.js";

const METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST", "PATCH"] as const;
const STATUS_CLASS = /^[1-5]xx$/;

/** Schema of the parameters. */
export function httpRequestParameters() {
  const status = z.union([z.int().min(100).max(999), z.string().regex(STATUS_CLASS)]);
  return z.object({
    method: choiceParameter(METHODS).default("GET").describe("Method of the request."),
    url: urlParameter("Where to send it: a whole URL with http: or https:."),
    headers: headersParameter(),
    query: queryParameter(),
    body: z.unknown().optional().describe("What to send; none with GET and HEAD."),
    bodyKind: choiceParameter(["json", "form", "multipart", "text", "raw"], {
      urlencoded: "form",
      form_urlencoded: "form",
      x_www_form_urlencoded: "form",
    })
      .optional()
      .describe(
        "How the body is written. json; form (fields, URL-encoded); multipart (fields and files: a blob reference, { blob, filename? } or { base64, filename?, contentType? }); text; raw (a text or a blob reference as it is). Default: text and blob references as they are, everything else as JSON.",
      ),
    auth: authParameter(),
    responseKind: z
      .enum(["auto", "json", "text", "binary", "none"])
      .default("auto")
      .describe("What the answer is read as: by its content type, JSON, text, a blob reference, or not at all."),
    pagination: paginationParameter(),
    allowedStatus: z
      .union([status, z.array(status).max(100)])
      .default([])
      .describe('Statuses from 400 on that are no failure: 404, "4xx", or a list of these.'),
    redirect: z
      .enum(["follow", "manual", "error"])
      .default("follow")
      .describe("Follow redirects, take the redirect as the answer, or fail."),
    timeoutMs: timeoutParameter(),
    maxResponseBytes: maxResponseBytesParameter(),
  });
}

export type HttpRequestParameters = z.output<ReturnType<typeof httpRequestParameters>>;
