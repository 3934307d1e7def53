import { environment, expression, type Block } from "./syntax";

/** Langfuse's queues: BullMQ keeps a queue's jobs in one key for those that wait, are delayed, have failed for good. */
const QUEUES = ["wait", "delayed", "failed"].map((state) => `db0=bull:*:${state}`);

/** A Redis whose address and password the collector's environment names. */
export interface RedisTarget {
  /** The service's name in the catalogue: the job of its series. */
  name: string;
  /** Environment variables with its host, port and password. */
  host: string;
  port: string;
  password: string;
  /** It speaks TLS, as Memorystore does. Default false. */
  tls?: boolean;
}

/** Redis has no metrics of its own: the collector asks it, and pushes what it answers. */
export function redisMetrics({ name, host, port, password, tls = false }: RedisTarget): Block[] {
  const scheme = tls ? "rediss" : "redis";
  const exporter = `prometheus.exporter.redis.${name}`;
  return [
    {
      type: "prometheus.exporter.redis",
      label: name,
      attributes: {
        redis_addr: expression(`"${scheme}://" + sys.env("${host}") + ":" + sys.env("${port}")`),
        redis_password: environment(password),
        // The exporter cannot check the authority without the name, and Memorystore's certificate names no host.
        ...(tls ? { skip_tls_verification: true } : {}),
        check_keys: QUEUES,
      },
    },
    {
      type: "discovery.relabel",
      label: name,
      attributes: { targets: expression(`${exporter}.targets`) },
      blocks: [
        { type: "rule", attributes: { target_label: "job", replacement: name } },
        { type: "rule", attributes: { target_label: "instance", replacement: name } },
      ],
    },
    {
      type: "prometheus.scrape",
      label: name,
      attributes: {
        targets: expression(`discovery.relabel.${name}.output`),
        scrape_interval: "15s",
        forward_to: [expression("prometheus.remote_write.central.receiver")],
      },
    },
  ];
}

/**
 * What a collector says of itself, where nothing can scrape it.
 *
 * @param name The service's name in the catalogue: the job of its series.
 */
export function ownMetrics(name: string): Block[] {
  return [
    { type: "prometheus.exporter.self", label: "own", attributes: {} },
    {
      type: "discovery.relabel",
      label: "own",
      attributes: { targets: expression("prometheus.exporter.self.own.targets") },
      blocks: [
        { type: "rule", attributes: { target_label: "job", replacement: name } },
        { type: "rule", attributes: { target_label: "instance", replacement: name } },
      ],
    },
    {
      type: "prometheus.scrape",
      label: "own",
      attributes: {
        targets: expression("discovery.relabel.own.output"),
        scrape_interval: "15s",
        forward_to: [expression("prometheus.remote_write.central.receiver")],
      },
    },
  ];
}

/** Where the collector pushes metrics that Prometheus cannot scrape itself. */
export function remoteWrite(): Block {
  const url = expression(`sys.env("PROMETHEUS_URL") + "/api/v1/write"`);
  return {
    type: "prometheus.remote_write",
    label: "central",
    blocks: [{ type: "endpoint", attributes: { url } }],
  };
}
