import type { IncomingMessage, ServerResponse } from "node:http";
import { addressOf } from "../http/address";
import type { Authenticate, Rejection } from "../http/authenticate";
import { REJECTED } from "../http/rejections";
import type { Ledger } from "../ledger/ledger";
import type { Log } from "../telemetry/log";
import { CONTENT_SECURITY_POLICY, keyPage, problemPage, usagePage } from "./page";
import { summarise } from "./summary";

export type UsagePage = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

interface Parts {
  authenticate: Authenticate;
  ledger: Ledger;
  now: () => Date;
  log: Log;
}

/** What the page says of a key that it does not take. */
const NOT_KNOWN = "This key is not known. Please check it, or ask support for a new one.";
const ON_PAGE: Partial<Record<Rejection, string>> = {
  disabled: "This key belongs to an account that is not active. Please contact support.",
  throttled: REJECTED.throttled.message,
};

/** Bytes of a form with a key in it. */
const MAX_FORM = 8_192;

/**
 * `/usage`: a customer's own usage, as a page or, where the client accepts `application/json`, as JSON. The key comes in the
 * Authorization header or from the page's form; it is never in an address or a cookie, so no other site can use it.
 */
export function createUsagePage({ authenticate, ledger, now, log }: Parts): UsagePage {
  return async (req, res) => {
    const wantsJson = (req.headers.accept ?? "").includes("application/json");
    const send = (status: number, message: string, page: (message: string) => string) =>
      wantsJson
        ? answer(res, status, "application/json", JSON.stringify({ error: { message } }))
        : html(res, status, page(message));

    if (!["GET", "HEAD", "POST"].includes(req.method ?? "")) {
      res.setHeader("Allow", "GET, HEAD, POST");
      return send(405, "Use GET or POST.", problemPage);
    }
    let { authorization } = req.headers;
    if (req.method === "POST" && authorization === undefined) {
      const form = await readForm(req);
      if (form === undefined) return send(413, "The form is too large for a key.", keyPage);
      authorization = `Bearer ${new URLSearchParams(form).get("key")?.trim() ?? ""}`;
    }
    if (authorization === undefined && !wantsJson) return html(res, 200, keyPage());
    try {
      const verdict = await authenticate({ authorization, address: addressOf(req) });
      if ("rejected" in verdict) {
        const { status, message } = REJECTED[verdict.rejected];
        if (status === 429) res.setHeader("Retry-After", "60");
        else res.setHeader("WWW-Authenticate", 'Bearer realm="tollgate"');
        return send(status, wantsJson ? message : (ON_PAGE[verdict.rejected] ?? NOT_KNOWN), keyPage);
      }
      const usage = await summarise(verdict.customer, ledger, now());
      if (wantsJson) return answer(res, 200, "application/json", JSON.stringify(usage));
      return html(res, 200, usagePage(usage));
    } catch (err) {
      log.error({ event: "request.error", err }, "a customer's usage cannot be read");
      res.setHeader("Retry-After", "5");
      return send(503, "Your usage cannot be read at the moment. Please try again.", problemPage);
    }
  };
}

/** The body of a request, or undefined when it is larger than a form with a key. */
async function readForm(req: IncomingMessage): Promise<string | undefined> {
  let body = "";
  for await (const chunk of req) {
    body += (chunk as Buffer).toString("latin1");
    if (body.length > MAX_FORM) return undefined;
  }
  return body;
}

function html(res: ServerResponse, status: number, text: string): void {
  res.setHeader("Content-Security-Policy", CONTENT_SECURITY_POLICY);
  answer(res, status, "text/html; charset=utf-8", text);
}

function answer(res: ServerResponse, status: number, type: string, text: string): void {
  res.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(text),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    Vary: "Accept, Authorization",
  });
  res.end(res.req.method === "HEAD" ? undefined : text);
}
