import { EXIT } from "../terminal/command";
import type { Drifted } from "./changes";

/** The exit code of `tollgate drift`. */
export function exitCodeOf(drifted: Drifted[]): number {
  return drifted.length > 0 ? EXIT.finding : EXIT.ok;
}

/** The drift in words: a line a resource. */
export function reportLines(stack: string, drifted: Drifted[]): string[] {
  if (drifted.length === 0) return [`${stack} is as the program says.`];
  return [
    `${stack} differs from the program in ${drifted.length} resources:`,
    ...drifted.map(({ difference, type, name, properties }) => {
      const what = properties.length > 0 ? `: ${properties.join(", ")}` : "";
      return `  ${difference} ${type} ${name}${what}`;
    }),
    `\`pulumi up -s ${stack}\` makes the cloud as the program says; change the program to keep what was found.`,
  ];
}
