/** What a command is started from. */
export interface Command {
  /** The TypeScript file, from the repository's root. */
  entry: string;
  about: string;
  /** What is installed first: the npm packages, or LiteLLM, Postgres, Redis and the Debian tools too. */
  needs: "node" | "python";
  /** The job that runs it in a stack on Google Cloud, and the program of the services' image that it is there. */
  remote?: { job: string; program: string };
}

export const groups: Record<string, Record<string, Command>>;
export const commands: Record<string, Command>;
export function findCommand(args: string[]): { name: string; command: Command; rest: string[] } | undefined;
export function leadingStack(args: string[]): { stack: string | undefined; rest: string[] };
export function startOf(
  found: { name: string; command: Command; rest: string[] },
  stack: string | undefined,
): { entry: string; args: string[] };
export function helpPage(): string;
