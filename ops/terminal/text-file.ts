import { readFileSync } from "node:fs";

const PREFIX = "data:text/csv;base64,";
/** Linux takes no longer argument (`MAX_ARG_STRLEN`, 128 KiB with its end). */
const MAX_BYTES = 131_071;

/** @returns The text of a CSV file that a command was given: by its path, or as `carriedArguments` wrote it. */
export function readTextFile(file: string): string {
  if (file.startsWith(PREFIX)) return Buffer.from(file.slice(PREFIX.length), "base64").toString("utf8");
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`file (is "${file}"): cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * A command's arguments for a machine that does not have this one's files: the CSV file of an `import` travels as its content.
 *
 * @throws Error when the file cannot be read, or is too long for an argument (about 98 kB).
 */
export function carriedArguments(args: string[]): string[] {
  if (args[0] !== "import") return args;
  return args.map((argument) => {
    if (!/\.csv$/i.test(argument) || argument.startsWith("-")) return argument;
    const carried = PREFIX + Buffer.from(readTextFile(argument), "utf8").toString("base64");
    if (carried.length > MAX_BYTES)
      throw new Error(
        `file (is "${argument}"): ${carried.length} bytes as an argument, of ${MAX_BYTES} at most; split it into smaller files`,
      );
    return carried;
  });
}
