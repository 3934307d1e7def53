import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { z } from "zod";
import { definitions } from "../../../litellm-config";
import { sources as uids } from "../../../dashboards/grafana/datasources";
import type { Range } from "../interpolate";
import { renderedDashboards, type PanelQuery } from "../panels";
import type { Sources } from "../sources";

export interface ViewerOptions {
  sources: Sources;
  /** Builds the page when it is not built yet; resolves to its folder. */
  page: () => Promise<string>;
  /** Where links to traces lead. */
  langfuse: string;
}

const TYPES: Record<string, string> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};
const DAY = 86_400;

const question = z.object({
  queries: z.array(
    z.looseObject({ refId: z.string(), datasource: z.object({ uid: z.string(), type: z.string() }) }),
  ),
  from: z.number(),
  to: z.number(),
  points: z.number().int().min(1).max(2_000),
  chosen: z.record(z.string(), z.array(z.string())),
});

/**
 * Serves the dashboards to a browser, without Grafana:
 *
 * - `GET /`, `GET /d/<uid>`: the page, with Grafana's addresses; until it is built, a note that reloads
 * - `GET /api/choices`: the dashboards, and the values of their variables
 * - `GET /api/dashboards/<uid>`: a dashboard as Grafana gets it
 * - `POST /api/query`: the frames of a panel's queries
 */
export function createViewer(options: ViewerOptions): Server {
  let page: string | undefined;
  let failure: string | undefined;
  let building: Promise<void> | undefined;
  const startBuilding = () => {
    building ??= options.page().then(
      (folder) => void (page = folder),
      (error: Error) => {
        failure = error.message;
        building = undefined;
      },
    );
  };
  const dashboards = renderedDashboards(options.langfuse);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname } = new URL(request.url ?? "/", "http://viewer");
    const route = `${request.method} ${pathname}`;
    if (route === "GET /api/health") return sendJson(response, 200, { status: "ok" });
    if (route === "GET /api/choices") return sendJson(response, 200, await choicesOf(options.sources));
    if (route === "POST /api/query") return answerQuery(options.sources, request, response);
    const uid = /^GET \/api\/dashboards\/([\w-]+)$/.exec(route)?.[1];
    const dashboard = dashboards.find((each) => each.uid === uid);
    if (dashboard) return sendJson(response, 200, dashboard);
    if (pathname !== "/" && !/^\/(d|assets)\//.test(pathname))
      return sendText(response, 404, "There is no such page.");
    if (!page) {
      const said = failure ?? "Building the viewer: about a minute, once.";
      failure = undefined;
      startBuilding();
      return sendHtml(response, `<meta http-equiv="refresh" content="3"><p>${escape(said)}</p>`);
    }
    sendFile(
      response,
      page,
      pathname.startsWith("/assets/") ? pathname.slice("/assets/".length) : "index.html",
    );
  };
  return createServer((request, response) => {
    answer(request, response).catch((error: Error) => {
      if (response.headersSent) response.destroy();
      else sendText(response, error instanceof z.ZodError ? 400 : 500, error.message);
    });
  });

  async function choicesOf(sources: Sources) {
    const query = (rawSql: string): PanelQuery => ({ refId: "A", datasource: uids.ledger, rawSql });
    const column = async (name: string, seconds: number) => {
      const variable = dashboards[0]!.templating?.list?.find((each) => each.name === name);
      const [frame] = await sources.ask(query(variable?.query as string), { seconds });
      const values = frame?.data.values ?? [];
      return (values[0] ?? []).map((value, i) => ({ value, text: (values[1] ?? values[0])![i] }));
    };
    const same = (values: string[]) => values.map((value) => ({ value, text: value }));
    return {
      dashboards: dashboards.map(({ uid, title }) => ({ uid, title })),
      variables: {
        environment: await column("environment", 30 * DAY),
        customer_id: await column("customer_id", DAY),
        tier: same(Object.keys(definitions.tiers)),
        model: same(Object.keys(definitions.models)),
      },
    };
  }
}

async function answerQuery(
  sources: Sources,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { queries, from, to, points, chosen } = question.parse(await readJson(request));
  const seconds = Math.max(1, Math.round((to - from) / 1000));
  const range: Range = { seconds, end: to, step: stepOf(seconds, points), chosen };
  try {
    const frames = [];
    for (const query of queries) frames.push(...(await sources.ask(query as unknown as PanelQuery, range)));
    sendJson(response, 200, { frames });
  } catch (error) {
    sendJson(response, 200, { frames: [], error: (error as Error).message });
  }
}

const STEPS = [
  5,
  10,
  15,
  20,
  30,
  60,
  120,
  300,
  600,
  900,
  1_200,
  1_800,
  3_600,
  7_200,
  10_800,
  21_600,
  43_200,
  DAY,
];

/** A round number of seconds with which no graph has more points than it has room for. */
function stepOf(seconds: number, points: number): number {
  return STEPS.find((step) => seconds / step <= points) ?? DAY;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString("utf8"));
}

function sendFile(response: ServerResponse, folder: string, name: string): void {
  const file = join(folder, normalize(`/${name}`));
  if (!existsSync(file) || !statSync(file).isFile()) return sendText(response, 404, "There is no such file.");
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/html; charset=utf-8" });
  createReadStream(file).pipe(response);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function sendHtml(response: ServerResponse, html: string): void {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
