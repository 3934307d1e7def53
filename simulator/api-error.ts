/** What a provider answers instead of a completion. */
export class ApiError extends Error {
  /**
   * @param status the HTTP status
   * @param code the wire's own name of the error, where the status alone does not say it
   */
  constructor(
    readonly status: number,
    message: string,
    readonly code?: string,
  ) {
    super(message);
  }
}
