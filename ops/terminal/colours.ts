import picocolors from "picocolors";

/** Colours for a terminal, and for nothing else: picocolors by itself colours a CI's log too. `NO_COLOR` turns them off. */
export const pc = picocolors.createColors(process.stdout.isTTY === true && !process.env.NO_COLOR);
