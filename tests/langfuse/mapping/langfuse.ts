/** Langfuse's mapping as its API and its worker run it: requests of OTLP in, rows for ClickHouse out; and its own queries. */
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import type { DashboardWidget, Evaluation } from "../../../dashboards/langfuse";
import type { Query, Row } from "./clickhouse";
import { PROJECT, prismaOfOurProject, standIn } from "./stand-ins";

/** A request with traces as it came. */
export interface Recorded {
  headers: Record<string, string>;
  /** Base64. */
  body: string;
}

/** A score as a judge, a person or `langfuse margins` gives it. */
export interface Score {
  id: string;
  name: string;
  value: number;
  dataType: "NUMERIC" | "BOOLEAN";
  environment: string;
  source?: "EVAL";
  traceId?: string;
  observationId?: string;
  sessionId?: string;
  comment?: string;
}

/* eslint-disable @typescript-eslint/no-explicit-any -- Langfuse's types are in its source, which is not here when this is checked. */
type Any = any;
/* eslint-enable @typescript-eslint/no-explicit-any */

const SETTINGS = {
  CLICKHOUSE_URL: "http://127.0.0.1:1",
  CLICKHOUSE_USER: "unused",
  CLICKHOUSE_PASSWORD: "unused",
  DATABASE_URL: "postgresql://unused@127.0.0.1:1/unused",
  LANGFUSE_S3_EVENT_UPLOAD_BUCKET: "unused",
  LANGFUSE_CACHE_MODEL_MATCH_ENABLED: "false",
  LANGFUSE_LOG_LEVEL: "warn",
};

export class Langfuse {
  private readonly langfuse: Any;

  /** @param bundle the file that `bundleLangfuse` made. */
  constructor(bundle: string) {
    Object.assign(process.env, SETTINGS);
    const load = createRequire(bundle);
    const { Decimal } = load("decimal.js") as { Decimal: new (value: number) => unknown };
    Object.assign(globalThis, {
      langfuseStandIn: standIn,
      langfusePrisma: prismaOfOurProject((value) => new Decimal(value)),
    });
    this.langfuse = load(bundle);
  }

  /**
   * What the worker writes for a request, in its order.
   *
   * @throws Error where Langfuse's API refuses the request.
   */
  async rowsOf(request: Recorded): Promise<Row[]> {
    const { createIngestionAttribution, OtelIngestionProcessor, IngestionService, validateOtelSpanIds } =
      this.langfuse;
    const resourceSpans = this.decode(request);
    const checked = validateOtelSpanIds(resourceSpans);
    if (checked.invalidSpanCount > 0 || checked.malformedCollectionCount > 0)
      throw new Error(`Langfuse refuses the request: ${JSON.stringify(checked)}`);
    const attribution = createIngestionAttribution({
      headers: request.headers,
      authCheck: { scope: { projectId: PROJECT, publicKey: "pk-lf-test" } },
    });
    const processor = new OtelIngestionProcessor({
      projectId: PROJECT,
      publicKey: attribution.ingestionApiKey,
      sdkName: attribution.ingestionSdkName,
      sdkVersion: attribution.ingestionSdkVersion,
    });
    const rows: Row[] = [];
    const writer = { addToQueue: (_table: string, row: Row) => rows.push(row) };
    const { PrismaClient } = (globalThis as Any).langfusePrisma;
    const service = new IngestionService(null, new PrismaClient(), writer, undefined);
    for (const event of processor.processToEvent(JSON.parse(JSON.stringify(resourceSpans))))
      await service.writeEventRecord(await service.createEventRecord(event, "request.json"));
    return rows;
  }

  /**
   * What the worker writes for a score.
   *
   * @throws Error where it drops the score.
   */
  async rowOfScore(score: Score, timestamp: string): Promise<Row> {
    const { createIngestionAttribution, IngestionService } = this.langfuse;
    const rows: Row[] = [];
    const writer = { addToQueue: (_table: string, row: Row) => rows.push(row) };
    const { PrismaClient } = (globalThis as Any).langfusePrisma;
    const none = {
      query: () => Promise.resolve({ response_headers: {}, json: () => Promise.resolve([]) }),
    };
    const service = new IngestionService(null, new PrismaClient(), writer, none);
    await service.mergeAndWrite({
      eventType: "score",
      projectId: PROJECT,
      entityId: score.id,
      createdAtTimestamp: new Date(timestamp),
      events: [{ id: score.id, type: "score-create", timestamp, body: score }],
      forwardToEventsTable: false,
      attribution: createIngestionAttribution({
        headers: {},
        authCheck: { scope: { projectId: PROJECT, publicKey: "pk-lf-test" } },
      }),
    });
    if (rows.length !== 1) throw new Error(`Langfuse drops the score ${JSON.stringify(score)}`);
    return rows[0]!;
  }

  /** As `web/src/pages/api/public/otel/v1/traces/index.ts` reads a body. */
  private decode({ headers, body }: Recorded): Any {
    const bytes = Buffer.from(body, "base64");
    const plain = headers["content-encoding"]?.includes("gzip") ? gunzipSync(bytes) : bytes;
    if (headers["content-type"]?.includes("application/json"))
      return JSON.parse(plain.toString()).resourceSpans;
    const message = this.langfuse.otlp.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
    return message.toObject(message.decode(plain), { longs: String }).resourceSpans;
  }

  /** How Langfuse reads traces from their rows. */
  traces(projectId: string): Omit<Query, "name"> {
    const { query, params } = this.langfuse
      .eventsTracesAggregation({ projectId, truncated: true })
      .buildWithParams();
    return { sql: query, params };
  }

  /**
   * What a dashboard's tile asks for, as Langfuse's page makes it of the widget.
   *
   * @throws Error with Langfuse's reason where its page refuses the tile.
   */
  async tile({ title, query }: DashboardWidget, from: string, to: string): Promise<Query> {
    const {
      buildWidgetOrderBy,
      isTimeSeriesChart,
      isV2BreakdownChart,
      prepareExecuteQuery,
      toQueryChartConfig,
    } = this.langfuse;
    const { chartType, chartConfig, dimensions, filters, metrics, view } = query;
    const isTimeSeries = isTimeSeriesChart(chartType);
    const needsTopN = isV2BreakdownChart({
      version: "v2",
      hasDimension: dimensions.length > 0,
      isTimeSeries,
      chartType: chartConfig.type,
    });
    const [first] = metrics;
    const wanted = {
      view,
      dimensions,
      metrics: metrics.map(({ measure, agg }) => ({ measure, aggregation: agg })),
      filters,
      timeDimension: isTimeSeries ? { granularity: "auto" } : null,
      fromTimestamp: from,
      toTimestamp: to,
      orderBy: buildWidgetOrderBy({
        chartType,
        sortState: (chartConfig as Any).defaultSort ?? null,
        needsTopN,
        firstMetric: { aggregation: first?.agg, measure: first?.measure },
      }),
      chartConfig: toQueryChartConfig(chartConfig, { defaultRowLimit: needsTopN ? 100 : undefined }),
    };
    const validation = this.langfuse.validateQuery(wanted, "v2");
    if (!validation.valid) throw new Error(`Langfuse refuses the tile "${title}": ${validation.reason}`);
    const { compiledQuery, parameters } = await prepareExecuteQuery({
      projectId: PROJECT,
      query: wanted,
      version: "v2",
    });
    return { name: title, sql: compiledQuery, params: parameters };
  }

  /** Whether a judge's rule is for the observation of a row, before it is sampled. */
  matches({ rule }: Evaluation, row: Row): boolean {
    const {
      convertEventRecordToObservationForEval,
      InMemoryFilterService,
      mapEventEvalFilterColumnIdToField,
    } = this.langfuse;
    return InMemoryFilterService.evaluateFilter(
      convertEventRecordToObservationForEval(row),
      rule.filter,
      mapEventEvalFilterColumnIdToField,
    );
  }
}
