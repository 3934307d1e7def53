import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks are a hundredth of a second on every Linux that Node runs on. */
const MILLISECONDS_PER_TICK = 10;

/** Processor milliseconds that a process and its descendants have used; `undefined` where there is no /proc. */
export function cpuOf(pid: number): number | undefined {
  return overDescendants(pid, (id) => {
    // The name in the second field may hold spaces.
    const fields = readFileSync(`/proc/${id}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) * MILLISECONDS_PER_TICK;
  });
}

/** The most memory (MiB, resident) that a process and its descendants have had; `undefined` where there is no /proc. */
export const peakMemoryOf = (pid: number) => mebibytes(pid, /VmHWM:\s+(\d+) kB/);

/** The memory (MiB, resident) that a process and its descendants have now; `undefined` where there is no /proc. */
export const memoryOf = (pid: number) => mebibytes(pid, /VmRSS:\s+(\d+) kB/);

function mebibytes(pid: number, line: RegExp): number | undefined {
  return overDescendants(
    pid,
    (id) => Number(line.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0) / 1024,
  );
}

function overDescendants(pid: number, of: (pid: number) => number): number | undefined {
  try {
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
    return children.reduce((sum, child) => sum + (overDescendants(child, of) ?? 0), of(pid));
  } catch {
    return undefined;
  }
}
