import type { Rejection } from "./authenticate";

/** What a client without a customer reads, and the `error` of RFC 6750. */
export const REJECTED: Record<Rejection, { status: 401 | 429; error?: string; message: string }> = {
  no_key: { status: 401, message: "Send your key as Authorization: Bearer <key>." },
  malformed: {
    status: 401,
    error: "invalid_token",
    message: "The Authorization header cannot be read. Send your key as Authorization: Bearer <key>.",
  },
  unknown_key: {
    status: 401,
    error: "invalid_token",
    message:
      "The key in your Authorization header is not known. Please check it, or ask support for a new one.",
  },
  disabled: {
    status: 401,
    error: "invalid_token",
    message:
      "The key in your Authorization header belongs to an account that is not active. Please contact support.",
  },
  throttled: {
    status: 429,
    message: "Too many wrong keys came from your address. Please try again in a minute.",
  },
};
