/** What a command is started from. */
export interface Command {
  /** The TypeScript file, from the repository's root. */
  entry: string;
  about: string;
  /** What is installed first: the npm packages, or LiteLLM, Postgres, Redis and the Debian tools too. */
  needs: "node" | "python";
}

export const groups: Record<string, Record<string, Command>>;
export const commands: Record<string, Command>;
export function findCommand(args: string[]): { name: string; command: Command; rest: string[] } | undefined;
export function helpPage(): string;
