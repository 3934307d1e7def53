/**
 * Who may import whom. A room may import from the rooms before it in this list, never from one after it, and no circle of
 * files is allowed anywhere. docs/architecture.md draws the same list.
 */
const rooms = [
  "simulator", // the providers' APIs and prices, independent of what it is held against
  "components", // Pulumi component resources
  "litellm-config", // tiers, models, routes; LiteLLM's configuration and the guard
  "catalogue", // services, jobs, secrets, buckets, ports, images
  "app", // the agent
  "dashboards", // dashboards, rules, log and metric collection
  "infra", // the Google Cloud and Compose targets, plans and estimates as libraries
  "policies", // the policy pack
  "services", // the bundle that the services' image is built from
  "ops", // commands
  "local", // the local target
  "cli", // the entry of every command
  "tests",
];

const folder = (names) => `^(${names.join("|")})/`;

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    ...rooms.slice(0, -1).map((room, index) => ({
      name: `${room}-imports-upwards`,
      comment: `${room}/ may import only from: ${rooms.slice(0, index).join(", ") || "no other room"}`,
      severity: "error",
      from: { path: folder([room]) },
      to: { path: folder(rooms.slice(index + 1)) },
    })),
    {
      name: "simulator-in-production",
      comment: "the simulator stands in for the providers on the local target and in tests only",
      severity: "error",
      from: { pathNot: folder(["simulator", "local", "cli", "tests"]) },
      to: { path: folder(["simulator"]) },
    },
    {
      name: "room-unknown",
      comment: "a new top-level folder must be given its place in .dependency-cruiser.cjs",
      severity: "error",
      from: { path: "^[^/]+/", pathNot: folder([...rooms, "generated", "docs"]) },
      to: {},
    },
    {
      name: "circle",
      comment: "files that import each other in a circle cannot be understood or tested apart",
      severity: "error",
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    includeOnly: "^[^/.]+/.*\\.(ts|mjs|json)$",
    exclude: { path: "^(generated|node_modules|local/dashboards/viewer/page)/" },
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: [".ts", ".mjs", ".js", ".json"] },
  },
};
