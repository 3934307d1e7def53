import { AnnotationQueryBuilder } from "@grafana/grafana-foundation-sdk/dashboard";
import { WATCHDOG } from "../../watchdog";
import { sources } from "../datasources";
import { prom, sql } from "./queries";

/** Alerts that fire, as marks on every graph. */
export function alertAnnotation(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name("Alerts")
    .datasource(sources.prometheus)
    .enable(true)
    .iconColor("red")
    .target(
      prom(`ALERTS{alertstate="firing",severity!="info",alertname!="${WATCHDOG}"}`, "{{alertname}}").build(
        "Anno",
      ),
    )
    .titleFormat("{{alertname}}")
    .textFormat("{{severity}} {{service}}")
    .tagKeys("severity,service");
}

/** Customers that crossed a threshold of their budget. */
export function crossingAnnotation(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name("Budget breaches")
    .datasource(sources.ledger)
    .enable(true)
    .iconColor("orange")
    .target(
      sql(`
        SELECT crossed_at AS time, customer_id || ' used ' || percent || ' % of the month''s budget' AS text, action AS tags
        FROM ledger.crossings WHERE $__timeFilter(crossed_at) ORDER BY crossed_at`).build("Anno"),
    );
}
