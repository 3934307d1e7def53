/** The alert that always fires, so that its absence outside shows that alerts no longer arrive. */
export const WATCHDOG = "Watchdog";
