import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  PanelBuilder,
  RowBuilder,
  TextBoxVariableBuilder,
  type Dashboard,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboardMenu, TAG } from "../lib/links";
import { applySpec, type PanelSpec } from "../lib/panel-spec";
import { table, timeSeries } from "../lib/panels";
import { traceql } from "../lib/queries";
import { TRACE } from "../lib/table";
import { unit } from "../lib/units";

const UID = "traces";

const showsBelow = new DashboardLinkBuilder("Show it below")
  .type(DashboardLinkType.Link)
  .url(`/d/${UID}?var-trace=\${__value.raw}&\${__url_time_range}`);

/** A trace as Grafana's own view of traces draws it; the SDK has no builder for that. */
function traceView(spec: PanelSpec) {
  return applySpec(new PanelBuilder().type("traces"), spec);
}

/** For whoever asks where the time went: a request's way through the agent and the gateway. Only of stacks with Tempo. */
export const traces: Dashboard = build();

function build(): Dashboard {
  const questions = table({
    title: "Questions",
    description: "The newest first. A click on a trace's id shows below which step of it took how long.",
    width: 24,
    height: 9,
    noValue: "no questions",
    queries: [traceql(`{ resource.service.name = "agent" && name = "ask" }`)],
    columns: { traceID: { link: showsBelow, width: TRACE } },
  });
  const steps = (service: string, what: string) =>
    timeSeries({
      title: `Steps of the ${service}, p95`,
      description: what,
      unit: unit.seconds,
      width: 12,
      noValue: "no calls",
      queries: [
        traceql(`{ resource.service.name = "${service}" } | quantile_over_time(duration, .95) by (name)`),
      ],
    });
  const dashboard = new DashboardBuilder("Traces")
    .uid(UID)
    .description("A request's way through the services, step by step, without what was asked or answered.")
    .tags([TAG])
    .timezone("utc")
    .time({ from: "now-1h", to: "now" })
    .refresh("1m")
    .readonly()
    .link(dashboardMenu())
    .withVariable(new TextBoxVariableBuilder("trace").label("Trace"))
    .withRow(new RowBuilder("Questions"))
    .withPanel(questions)
    .withRow(new RowBuilder("One question"))
    .withPanel(
      traceView({
        title: "Way through the services",
        description:
          "The trace above in the field Trace: spans of the agent and the gateway, with links to their log lines.",
        unit: unit.none,
        width: 24,
        height: 18,
        noValue: "click on a trace's id",
        queries: [traceql("$trace")],
      }),
    )
    .withRow(new RowBuilder("Where the time goes"))
    .withPanel(
      steps(
        "agent",
        "19 of 20 runs of a step take no longer: LLM calls, tools, calls of Google Cloud's APIs.",
      ),
    )
    .withPanel(
      steps("gateway", "19 of 20 runs of a step take no longer: reserving, each model's answers, settling."),
    )
    .build();
  dashboard.panels?.forEach((panel, i) => (panel.id = i + 1));
  return dashboard;
}
