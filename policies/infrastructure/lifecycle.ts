import type { Rule } from "../rule";
import { BUCKET, DISK, REDIS_INSTANCE, RUN_SERVICE, SQL_INSTANCE, VM } from "./types";

export const deletionProtection: Rule = {
  name: "deletion-protection",
  description: "In prod, databases, VMs and services cannot be deleted by a mistake.",
  severity: "high",
  remedy: "Set deletionProtection to true",
  enforcement: { dev: "disabled" },
  types: [SQL_INSTANCE, REDIS_INSTANCE, RUN_SERVICE, VM],
  check: ({ deletionProtection }) =>
    deletionProtection === true ? [] : [`deletionProtection is ${deletionProtection ?? "not set"}`],
};

const REQUIRED_LABELS = ["environment", "service", "owner", "phase"];

export const labels: Rule = {
  name: "labels",
  description: "Everything that can carry labels says its environment, service, owner and phase.",
  severity: "low",
  remedy: `Set the labels ${REQUIRED_LABELS.join(", ")} with labelsOf of components/labels.ts`,
  enforcement: { dev: "advisory" },
  types: [SQL_INSTANCE, REDIS_INSTANCE, RUN_SERVICE, VM, DISK, BUCKET],
  check: ({ labels, settings }, { type }) => {
    const present = (type === SQL_INSTANCE ? settings?.userLabels : labels) ?? {};
    const missing = REQUIRED_LABELS.filter((label) => !present[label]);
    return missing.length > 0 ? [`The labels lack ${missing.join(", ")}`] : [];
  },
};
