/**
 * A problem whose message a customer may read: it says what is wrong and what to do. Every other error is shown as
 * `INTERNAL_MESSAGE`, and its details go to the log only.
 */
export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "UserError";
  }
}

/** What a customer reads when something broke on our side. */
export const INTERNAL_MESSAGE =
  "Something went wrong on our side, and we have logged it. Please contact support if it happens again.";
