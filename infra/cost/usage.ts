import { definitions } from "../../litellm-config";
import { range, type Range } from "./range";

const { customers: most } = definitions.fleet;

export type CostEnvironment = "dev" | "prod";

/** Hours of a month in Google's prices. */
export const HOURS = 730;
export const SECONDS = HOURS * 3600;

/** A team's: what dev costs with them is in its report, whether it has them or not. */
export const OFFICE_HOURS = { from: 8, to: 18, timeZone: "Europe/Brussels" };

/** Months that an archive has grown for: what it costs then, not in its first month. */
export const ARCHIVE_MONTHS = 12;

/** Days after which the archives move to Coldline (components' life-cycle rule), as months. */
export const ARCHIVE_WARM_MONTHS = 1;

/** A month's traces are kept this many months at once. */
export const TRACE_MONTHS = definitions.retention.traces / 30;

/** What a month of an environment uses. These are assumptions, not measurements: a bill replaces them. */
export interface Usage {
  /** Customers of each tier, for the unit economics. */
  customers: Record<string, Range>;
  /** Share of the month that a service which scales to zero is busy with a request, every instance counted. */
  activeShare: Range;
  /** Instances of a service that scales and always has one, on average. */
  instances: Range;
  /** Requests to services that are billed by request. */
  requests: Range;
  /** Seconds that one run of a job takes, and its runs a month. */
  jobSeconds: Range;
  jobRuns: Range;
  /** GiB of log lines, every service together. */
  logGiB: Range;
  /** GiB of VPC flow logs and NAT logs. */
  networkLogGiB: Range;
  /** GiB of trace events that Langfuse stores. */
  traceGiB: Range;
  /** GiB to the internet: answers to customers, calls to Anthropic, dashboards. */
  internetGiB: Range;
  /** GiB that Cloud NAT carries, both ways. */
  natGiB: Range;
  /** Instances that hold an assignment of Cloud NAT. */
  natMachines: Range;
  /** Samples that go to Google's Managed Service for Prometheus. */
  samples: Range;
  /** Time series that the collector of the platform's metrics and Grafana read from Cloud Monitoring. */
  seriesRead: Range;
  /** GiB of images in the project's registry, and in the pull-through cache. */
  ownImagesGiB: Range;
  cachedImagesGiB: Range;
  /** Operations on buckets. */
  storageWrites: Range;
  storageReads: Range;
  secretAccesses: Range;
  /** Tokens that Langfuse's judges read and write: of a tenth of the questions, about 1,200 and 80 each. */
  judgeInput: Range;
  judgeOutput: Range;
  dnsQueries: Range;
  /** GiB of the database's disk beyond what is provisioned (it grows by itself), and of its backups. */
  databaseGrowthGiB: Range;
  databaseBackupGiB: Range;
  /** Size of a disk's snapshots together, as a share of the disk. */
  snapshotShare: Range;
}

export const usage: Record<CostEnvironment, Usage> = {
  dev: {
    customers: { tier_1: range(0, 0, 0), tier_2: range(0, 0, 0), tier_3: range(0, 0, 0) },
    // A team of five that tries things in office hours.
    activeShare: range(0.01, 0.08, 0.3),
    instances: range(1, 1, 1),
    requests: range(100_000, 500_000, 3_000_000),
    jobSeconds: range(20, 60, 180),
    jobRuns: range(10, 40, 120),
    logGiB: range(1, 5, 20),
    networkLogGiB: range(0.1, 0.5, 2),
    traceGiB: range(0.1, 0.5, 3),
    internetGiB: range(1, 3, 10),
    natGiB: range(3, 10, 40),
    natMachines: range(0, 0, 0),
    // What is recorded and kept: about 100, 150 and 300 series a minute.
    samples: range(4_380_000, 6_570_000, 13_140_000),
    // About 150, 400 and 1,000 series every four minutes.
    seriesRead: range(1_600_000, 4_400_000, 11_000_000),
    ownImagesGiB: range(1, 5, 15),
    cachedImagesGiB: range(3, 5, 8),
    // Langfuse writes an object for each batch of events; Loki's chunks are closed after hours.
    storageWrites: range(30_000, 120_000, 500_000),
    storageReads: range(100_000, 500_000, 2_000_000),
    secretAccesses: range(2_000, 20_000, 100_000),
    // 100, 1,000 and 10,000 questions.
    judgeInput: range(12_000, 120_000, 1_200_000),
    judgeOutput: range(800, 8_000, 80_000),
    dnsQueries: range(500_000, 3_000_000, 15_000_000),
    databaseGrowthGiB: range(0, 0, 10),
    databaseBackupGiB: range(1, 3, 10),
    snapshotShare: range(0.1, 0.4, 1),
  },
  prod: {
    customers: {
      tier_1: range(10, 40, most.tier_1!),
      tier_2: range(5, 20, most.tier_2!),
      tier_3: range(1, 5, most.tier_3!),
    },
    activeShare: range(0.02, 0.1, 0.5),
    instances: range(1, 1.2, 2.5),
    requests: range(100_000, 500_000, 3_000_000),
    jobSeconds: range(20, 60, 180),
    jobRuns: range(4, 12, 40),
    logGiB: range(5, 20, 80),
    networkLogGiB: range(0.5, 2, 10),
    traceGiB: range(1, 5, 25),
    internetGiB: range(5, 20, 100),
    natGiB: range(15, 60, 250),
    natMachines: range(6, 9, 22),
    // About 150, 250 and 600 series a minute.
    samples: range(6_570_000, 10_950_000, 26_280_000),
    seriesRead: range(3_200_000, 6_500_000, 16_000_000),
    // Prod runs the images of dev's registry; what is its own stays almost empty.
    ownImagesGiB: range(0, 0.5, 5),
    cachedImagesGiB: range(3, 5, 8),
    storageWrites: range(150_000, 700_000, 4_000_000),
    storageReads: range(500_000, 2_000_000, 10_000_000),
    secretAccesses: range(5_000, 50_000, 300_000),
    // About 300 questions of each customer.
    judgeInput: range(576_000, 2_340_000, 11_900_000),
    judgeOutput: range(38_400, 156_000, 792_000),
    dnsQueries: range(2_000_000, 10_000_000, 50_000_000),
    databaseGrowthGiB: range(0, 5, 30),
    databaseBackupGiB: range(5, 15, 60),
    snapshotShare: range(0.1, 0.4, 1),
  },
};
