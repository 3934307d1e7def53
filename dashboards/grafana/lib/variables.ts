import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  CustomVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
  type VariableModel,
  type VariableOption,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { definitions } from "../../../litellm-config";
import { sources } from "../datasources";

const ALL: VariableOption = { selected: true, text: ["All"], value: ["$__all"] };

/** SQL: the hours of the dashboard's time range, including the one it begins in. A subquery is evaluated once, not for each row. */
export const HOURS = `hour BETWEEN (SELECT date_trunc('hour', $__timeFrom()::timestamptz, 'UTC')) AND $__timeTo()::timestamptz`;

/** What calls can be filtered by, on every dashboard that shows calls. */
export function variables(): Builder<VariableModel>[] {
  return [
    ledgerColumn("environment", "Environment")
      .query("SELECT environment FROM ledger.call_kinds UNION SELECT environment FROM ledger.recent_calls")
      .definition("The environments of all calls"),
    choice("tier", "Tier", Object.keys(definitions.tiers)),
    ledgerColumn("customer_id", "Customer")
      .query("SELECT customer_id AS __value, name AS __text FROM ledger.customers ORDER BY name")
      .definition("Every customer"),
    choice("model", "Model", Object.keys(definitions.models)),
  ];
}

/**
 * Values of a column. "All" is the column itself: `environment IN (environment)` holds for every row, where a list of all
 * values would be a syntax error before the first call and too long with many customers.
 */
function ledgerColumn(column: string, label: string): QueryVariableBuilder {
  return new QueryVariableBuilder(column)
    .label(label)
    .datasource(sources.ledger)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc)
    .multi(true)
    .includeAll(true)
    .allValue(column)
    .current(ALL);
}

function choice(name: string, label: string, values: string[]): CustomVariableBuilder {
  return new CustomVariableBuilder(name)
    .label(label)
    .values(values.join(","))
    .options(values.map((value) => ({ selected: false, text: value, value })))
    .multi(true)
    .includeAll(true)
    .current(ALL);
}

const OF_CALLS = `environment IN (\${environment:sqlstring}) AND plan_tier IN (\${tier:sqlstring})`;

/** SQL: the calls that the variables choose, in the dashboard's time range, for tables with the columns of `ledger.calls`. */
export const CALLS_CHOSEN = `$__timeFilter(reserved_at) AND ${OF_CALLS} AND customer_id IN (\${customer_id:sqlstring})
  AND (model_used IS NULL OR model_used IN (\${model:sqlstring}))`;

/** SQL: the rows of `ledger.spend` that the variables choose. `scope` with all customers is the total's: see its view. */
export const SPEND_CHOSEN = `${HOURS} AND ${OF_CALLS} AND scope IN (\${customer_id:sqlstring})
  AND model_used IN ('', \${model:sqlstring})`;

/** SQL: the day (UTC) of a moment. */
export const dayOf = (time: string) => `(${time}::timestamptz AT TIME ZONE 'UTC')::date`;

/** SQL: the rows of `ledger.customer_spend` that the variables choose, in the days (UTC) of the dashboard's time range. */
export const CUSTOMER_SPEND_CHOSEN = `day BETWEEN ${dayOf("$__timeFrom()")} AND ${dayOf("$__timeTo()")} AND ${OF_CALLS}
  AND customer_id IN (\${customer_id:sqlstring})`;

/** SQL: the customers that the variables choose, for tables with `customer_id` and `tier`. */
export const CUSTOMERS_CHOSEN = `tier IN (\${tier:sqlstring}) AND customer_id IN (\${customer_id:sqlstring})`;
