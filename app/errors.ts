/**
 * A problem whose message a customer may read: it says what is wrong and what to do. Every other error is shown as
 * `INTERNAL_MESSAGE`, and its details go to the log only.
 */
export class UserError extends Error {
  /** Whether it is ours to mend: then operators count it as an error, as if it had no message for customers. */
  readonly isOurs: boolean;

  constructor(message: string, { isOurs = false, ...options }: ErrorOptions & { isOurs?: boolean } = {}) {
    super(message, options);
    this.name = "UserError";
    this.isOurs = isOurs;
  }
}

/** What a customer reads when something broke on our side. */
export const INTERNAL_MESSAGE =
  "Something went wrong on our side, and we have logged it. Please contact support if it happens again.";
