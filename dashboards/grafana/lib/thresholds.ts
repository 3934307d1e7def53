import {
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type DynamicConfigValue,
  type Threshold,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { definitions, THRESHOLD_ACTIONS, type ThresholdAction } from "../../../litellm-config";

const BASE = "green";

/** Log, notify, degrade, block: as the customer's budget runs out. */
const ACTION_COLORS: Record<ThresholdAction, string> = {
  log: "yellow",
  notify: "orange",
  degrade: "red",
  block: "dark-red",
};

/** Colours from a value on: `[[0.8, "orange"]]` is green below 0.8. */
export type Steps = [value: number, color: string][];

/** How a value that encodes a state is shown. */
export interface State {
  text: string;
  color: string;
}

/** The budget's thresholds as shares of it, from the definitions. */
export const budgetSteps: Steps = definitions.thresholds.map(({ percent, action }) => [
  percent / 100,
  ACTION_COLORS[action],
]);

/** Red from a limit on, orange from three quarters of it. */
export function limitSteps(limit: number): Steps {
  return [
    [limit * 0.75, "orange"],
    [limit, "red"],
  ];
}

/** Red below 90 %, orange below 99 %: for shares of what should succeed. */
export const successSteps: Steps = [
  [0, "red"],
  [0.9, "orange"],
  [0.99, BASE],
];

/** Red below a value, green from it on: for what should be up. */
export const upSteps: Steps = [
  [-1, "red"],
  [1, BASE],
];

/** Whether the ledger answers, of `LEDGER_STATE`. */
export const ledgerStates: Record<number, State> = {
  1: { text: "enforced", color: BASE },
  0: { text: "ledger away: calls refused", color: "red" },
  [-1]: { text: "unknown", color: "purple" },
};

/** PromQL: 1 and 0 as the ledger's exporter says, -1 while the exporter says nothing. */
export const LEDGER_STATE = "min(tollgate_ledger_up) or vector(-1)";

/** Green at zero, red from one on: for what should not happen. */
export const noneSteps: Steps = [[1, "red"]];

/** Of alerts by `SEVERITY_RANK`. */
export const severitySteps: Steps = [
  [1, "blue"],
  [2, "orange"],
  [3, "red"],
];

/** For counts of alerts by severity: critical keeps the red of {@link noneSteps}. */
export const severityColors = { info: from("blue"), warning: from("orange") };

function from(color: string): DynamicConfigValue[] {
  const steps = [
    { value: null, color: BASE },
    { value: 1, color },
  ];
  return [{ id: "thresholds", value: { mode: ThresholdsMode.Absolute, steps } }];
}

export function thresholdsConfig(steps: Steps): ThresholdsConfigBuilder {
  const base: Threshold = { value: null, color: BASE };
  const rest = steps.map(([value, color]): Threshold => ({ value, color }));
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([base, ...rest]);
}

/** Colours by the thresholds where there are some, one colour a series otherwise: by name, two of ten would look alike. */
export function colorMode(steps: Steps | undefined): FieldColorBuilder {
  return new FieldColorBuilder().mode(steps ? FieldColorModeId.Thresholds : FieldColorModeId.PaletteClassic);
}

/** One colour for every bar of a panel whose bars are counts of the same thing. */
export function oneColor(): FieldColorBuilder {
  return new FieldColorBuilder().mode(FieldColorModeId.Fixed).fixedColor("blue");
}

/** Series whose names say whether something went well. */
export const outcomeColors = Object.fromEntries(
  Object.entries({
    ok: BASE,
    allowed: BASE,
    degraded: "orange",
    user_error: "yellow",
    refused: "red",
    unauthorized: "purple",
    error: "red",
  }).map(([name, color]): [string, DynamicConfigValue[]] => [
    name,
    [{ id: "color", value: { mode: FieldColorModeId.Fixed, fixedColor: color } }],
  ]),
);

/** The colour of each threshold's action, for tables and timelines. */
export const actionColors = THRESHOLD_ACTIONS.map((action) => ({ action, color: ACTION_COLORS[action] }));
