import Table from "cli-table3";
import { pc } from "../../ops/terminal/colours";
import { formatUsd } from "../../litellm-config";
import type { Call } from "./ledger-reading";
import type { LocalService } from "./services";
import type { ServiceState } from "./supervisor";

export const { bold, dim, green, red, yellow } = pc;

/** The stack's services: name, address, state; those that are off with the reason. */
export function serviceTable(
  services: readonly LocalService[],
  stateOf: (name: string) => ServiceState,
  logOf: (name: string) => string,
): string {
  const table = plainTable(["service", "address", "state"]);
  for (const { name, ports, off } of services) {
    const state = stateOf(name);
    if (state === "done") continue;
    const address =
      state === "off" || ports[0] === undefined ? "" : `${scheme(name)}://127.0.0.1:${ports[0]}`;
    const shown: Record<Exclude<ServiceState, "done">, string> = {
      running: green("running"),
      starting: yellow("starting"),
      failed: `${red("failed")}: see ${logOf(name)}`,
      off: dim(`off: ${off}`),
    };
    table.push([name, address, shown[state]]);
  }
  return withoutPadding(table);
}

/** What each LLM call cost, to the nano-dollar. */
export function callTable(calls: readonly Call[]): string {
  const table = plainTable(["LLM call", "model", "tokens in", "out", "cost"]);
  for (const { route, model, promptTokens, completionTokens, costNanos, cacheHit, decision } of calls) {
    table.push([
      decision === "degraded" ? `${route} (degraded)` : route,
      model ?? "",
      promptTokens ?? "",
      completionTokens ?? "",
      costNanos === null ? "held" : `${formatUsd(costNanos)}${cacheHit ? " (cache)" : ""}`,
    ]);
  }
  return withoutPadding(table);
}

function scheme(name: string): string {
  return { postgres: "postgresql", redis: "redis" }[name] ?? "http";
}

/** The last column needs none, and a terminal would wrap it. */
function withoutPadding(table: Table.Table): string {
  return table.toString().replace(/[ \t]+$/gm, "");
}

function plainTable(head: string[]): Table.Table {
  const none = {
    top: "",
    "top-mid": "",
    "top-left": "",
    "top-right": "",
    mid: "",
    "mid-mid": "",
    "left-mid": "",
  };
  const bottom = { bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "", "right-mid": "" };
  return new Table({
    head: head.map((title) => bold(title)),
    chars: { ...none, ...bottom, left: " ", right: "", middle: " " },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 1 },
  });
}
