/**
 * Ends the process with exit code 1 on an error that nothing caught. Node alone would print the error with all its properties,
 * where requests hang with their keys, and lose what is not sent yet.
 *
 * @param write writes one line about the error
 * @param flush sends what must not be lost; it must end by itself
 */
export function endOnUncaught(
  write: (error: unknown) => void,
  flush: () => Promise<unknown> = () => Promise.resolve(),
): void {
  let ending = false;
  const end = (error: unknown) => {
    // What breaks while the process ends changes nothing.
    if (ending) return;
    ending = true;
    write(error);
    const exit = () => process.exit(1);
    flush().then(exit, exit);
  };
  process.on("uncaughtException", end);
  process.on("unhandledRejection", end);
}
