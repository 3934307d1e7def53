import * as units from "@grafana/grafana-foundation-sdk/units";

/** Grafana's units, by what is measured here. */
export const unit = {
  usd: units.Dollars,
  seconds: units.Seconds,
  share: units.PercentUnit,
  count: units.Short,
  perSecond: units.RequestsPerSecond,
  /** For values without a unit: "0.2/s". */
  countsPerSecond: "suffix:/s",
  tokensPerSecond: "suffix:tokens/s",
  bytes: units.BytesIEC,
  day: "time:YYYY-MM-DD",
  /** Without a year, which no time range needs, and never with milliseconds. */
  time: "time:MM-DD HH:mm:ss",
  text: units.String,
  none: units.NoUnit,
} as const;

export type Unit = (typeof unit)[keyof typeof unit];
