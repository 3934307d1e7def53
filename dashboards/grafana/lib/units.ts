import * as units from "@grafana/grafana-foundation-sdk/units";

/** Grafana's units, by what is measured here. */
export const unit = {
  usd: units.Dollars,
  seconds: units.Seconds,
  share: units.PercentUnit,
  count: units.Short,
  tokens: units.Short,
  perSecond: units.RequestsPerSecond,
  countsPerSecond: units.CountsPerSecond,
  bytes: units.BytesIEC,
  day: units.DatetimeISO,
  text: units.String,
  none: units.NoUnit,
} as const;

export type Unit = (typeof unit)[keyof typeof unit];
