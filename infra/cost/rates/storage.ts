import { fixed, times, type Range } from "../range";
import { ARCHIVE_MONTHS, ARCHIVE_WARM_MONTHS, TRACE_MONTHS, type Usage } from "../usage";
import type { Item, Rate } from "./rate";

/** GiB in the standard class, and in Coldline. */
interface Held {
  warm: Range;
  cold?: Range;
}

/** GiB that a bucket holds, by what it is for (its label `service`); an unknown bucket is taken for a small one. */
const HELD: Record<string, (usage: Usage) => Held> = {
  config: () => ({ warm: fixed(0.01) }),
  "langfuse-events": ({ traceGiB }) => ({ warm: times(traceGiB, TRACE_MONTHS) }),
  // Loki compresses, and keeps lines for a quarter of a month; the bucket's rule leaves chunks twice as long.
  loki: ({ logGiB }) => ({ warm: times(logGiB, 0.1) }),
  "log-archive": ({ logGiB }) => archive(logGiB),
  "trace-archive": ({ traceGiB }) => archive(times(traceGiB, 0.2)),
};

const SMALL: Held = { warm: fixed(1) };

/** Months of one kind of data, the newest of them in the standard class. */
function archive(monthly: Range): Held {
  return {
    warm: times(monthly, ARCHIVE_WARM_MONTHS),
    cold: times(monthly, ARCHIVE_MONTHS - ARCHIVE_WARM_MONTHS),
  };
}

export const bucket: Rate = ({ name, inputs }, usage) => {
  const { warm, cold } = HELD[inputs.labels?.service ?? name]?.(usage) ?? SMALL;
  return [
    { what: "objects", price: "storage.standard", quantity: warm },
    ...(cold ? [{ what: "archived objects", price: "storage.coldline", quantity: cold }] : []),
  ];
};

/** Images: one's own repository, or a cache of a public one. */
export const repository: Rate = ({ inputs }, usage) => [
  {
    what: "images",
    price: "registry.storage",
    quantity: inputs.mode === "REMOTE_REPOSITORY" ? usage.cachedImagesGiB : usage.ownImagesGiB,
  },
];

/** Active versions, one for each place that holds a copy. */
export const secretVersion: Rate = () => [
  { what: "active version", price: "secrets.version", quantity: fixed(1) },
];

export const zone: Rate = () => [{ what: "zone", price: "dns.zone", quantity: fixed(1) }];

/** Each line is published once and delivered once. */
export const subscription: Rate = (_, usage) => [
  { what: "log lines, in and out", price: "pubsub.delivery", quantity: times(usage.logGiB, 2) },
];

/** Operations on all buckets together: the bucket they fall on is not known. */
export function bucketOperations(usage: Usage): Item[] {
  return [
    { what: "writes", price: "storage.write", quantity: usage.storageWrites },
    { what: "reads", price: "storage.read", quantity: usage.storageReads },
  ];
}
