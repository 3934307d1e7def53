/** Roles on a whole project that workloads need: they read no data and change nothing but what they report. */
export const PROJECT_ROLES = [
  "roles/aiplatform.user",
  "roles/bigquery.jobUser",
  "roles/cloudtrace.agent",
  "roles/logging.logWriter",
  "roles/monitoring.viewer",
  "roles/serviceusage.serviceUsageConsumer",
  "roles/telemetry.metricsWriter",
];

/** Roles that call a model on Google Cloud: https://cloud.google.com/iam/docs/roles-permissions/aiplatform */
export const CALLS_PROVIDER =
  /^roles\/(aiplatform|ml|generativelanguage|discoveryengine|dialogflow|vertexai)\b/;
