import { definitions, toDollars } from "../../../../litellm-config";
import type { Row } from "../../lib/dashboard";
import { toDashboard, toPage } from "../../lib/links";
import { table } from "../../lib/panels";
import { CUSTOMER, SESSION, TIME, TRACE } from "../../lib/table";
import { sql, usdOf } from "../../lib/queries";
import { budgetSteps } from "../../lib/thresholds";
import { unit } from "../../lib/units";

/**
 * The most expensive conversations, and those of the customers that are chosen.
 *
 * @param langfuse Address of the Langfuse project's pages, without a slash at the end.
 */
export const sessions = (langfuse: string): Row => ({
  title: "Sessions",
  panels: [
    table({
      title: "Ten most expensive sessions",
      description: `Of the time range. The cap is ${toDollars(definitions.session.budget)} dollars; a click leads to the session
        or to its last trace in Langfuse.`,
      width: 24,
      queries: [sessionQuery("10")],
      columns: sessionColumns(langfuse),
    }),
    table({
      title: "Sessions of the chosen customers",
      description: "The latest hundred of the time range: where the link from a customer leads.",
      width: 24,
      queries: [sessionQuery("100", "last_call_at DESC")],
      columns: sessionColumns(langfuse),
    }),
  ],
});

function sessionQuery(limit: string, order = "spent_nanos DESC") {
  return sql(`
    SELECT customer_id AS "Customer", session_id AS "Session", last_call_at AS "Last call",
      extract(epoch FROM last_call_at - started_at) AS "Lasted", calls AS "Calls", ${usdOf("spent_nanos")} AS "Spend", spent_nanos / ${definitions.session.budget}::float AS "Cap used",
      last_trace_id AS "Trace"
    FROM ledger.sessions
    WHERE $__timeFilter(last_call_at) AND customer_id IN (\${customer_id:sqlstring})
    ORDER BY ${order} LIMIT ${limit}`);
}

function sessionColumns(langfuse: string): NonNullable<Parameters<typeof table>[0]["columns"]> {
  return {
    Customer: {
      link: toDashboard("Customer", "llm-cost-operations", { customer_id: "Customer" }),
      width: CUSTOMER,
    },
    Session: { link: toPage("Session in Langfuse", `${langfuse}/sessions`, "Session"), width: SESSION },
    "Last call": TIME,
    Lasted: { unit: unit.seconds, width: 85 },
    Calls: { width: 75 },
    Spend: { unit: unit.usd, decimals: 4 },
    "Cap used": { unit: unit.share, steps: budgetSteps, cell: "bar", width: 100 },
    Trace: { link: toPage("Trace in Langfuse", `${langfuse}/traces`, "Trace"), width: TRACE },
  };
}
