import { usd, type NanoDollars } from "../../../litellm-config";
import { PROJECTS, SPIKE } from "./seeded";

/** One line of the sample company's bill, before the day's small changes. */
export interface BillLine {
  service: string;
  sku: string;
  project: string;
  perDayNanos: NanoDollars;
  /** Traffic that is lower on weekends. */
  followsVisitors?: boolean;
}

const { production, staging, data } = PROJECTS;
const line = (project: string, service: string, sku: string, perDay: string): BillLine => ({
  project,
  service,
  sku,
  perDayNanos: usd(perDay),
});
const visitors = (entry: BillLine): BillLine => ({ ...entry, followsVisitors: true });

/** The sample company's daily bill. The seeded waste is part of it: an idle machine is billed like any other. */
export const BILL: readonly BillLine[] = [
  line(production, "Compute Engine", "N2 Instance Core running in Americas", "26.40"),
  line(production, "Compute Engine", "N2 Instance Ram running in Americas", "11.90"),
  line(production, "Compute Engine", "Balanced PD Capacity", "4.80"),
  line(production, "Compute Engine", "Static Ip Charge", "0.24"),
  line(staging, "Compute Engine", "E2 Instance Core running in Americas", "4.60"),
  line(staging, "Compute Engine", "E2 Instance Ram running in Americas", "2.05"),
  line(staging, "Compute Engine", "SSD backed PD Capacity", "2.83"),
  line(production, "Cloud SQL", "Cloud SQL for PostgreSQL: Zonal - vCPU in Americas", "8.20"),
  line(production, "Cloud SQL", "Cloud SQL for PostgreSQL: Zonal - RAM in Americas", "5.55"),
  line(production, "Cloud SQL", "Cloud SQL for PostgreSQL: Zonal - Standard storage in Americas", "1.60"),
  line(data, SPIKE.service, SPIKE.sku, "9.10"),
  line(data, "BigQuery", "Active Logical Storage (us-central1)", "2.10"),
  line(data, "Cloud Storage", "Standard Storage US Multi-region", "3.50"),
  visitors(line(production, "Networking", "Network Internet Data Transfer Out from Americas", "4.20")),
  visitors(line(production, "Cloud Run", "Services CPU (Request-based billing) in us-central1", "2.70")),
  visitors(line(production, "Vertex AI", "Gemini Flash Text Input - Predictions", "1.80")),
  line(production, "Cloud Logging", "Log Storage cost", "1.40"),
];
