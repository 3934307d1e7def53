import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { wrongWith } from "../discovery/check";
import { discovery } from "../discovery/document";
import { lacks, type Grant } from "./roles";

/** A job of the project: what it runs as, and what its container has. */
export interface StandInJob {
  account: string;
  env: Record<string, string>;
}

interface Execution {
  completionTime?: string;
  conditions: { type: string; state: string; message?: string }[];
}

/**
 * A stand-in for what an operator's command calls: Cloud Run's jobs.run and executions.get, Cloud Storage's objects, and a
 * metadata server for each identity. Requests are held against Google's discovery documents; a member without the permission
 * is answered 403. A run really starts the program, in the folder of the services' image.
 */
export class OperatorStandIn {
  grants: Grant[] = [];
  readonly jobs = new Map<string, StandInJob>();
  readonly objects = new Map<string, string>();
  /** What the containers wrote to their log. */
  log = "";
  /** Runs end without having started the program. */
  broken = false;
  readonly refused: string[] = [];
  private readonly executions = new Map<string, Execution>();
  private readonly running: Promise<void>[] = [];
  private readonly servers: Server[] = [];
  url = "";

  constructor(
    private readonly parent: string,
    private readonly image: string,
  ) {}

  async start(): Promise<this> {
    this.url = await this.listen((request, body, response) => this.answer(request, body, response));
    return this;
  }

  /** Resolves when every run has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.running);
  }

  async stop(): Promise<void> {
    await this.settled();
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  /** The address of a metadata server that gives out the identity of a member, `host:port`. */
  async metadataOf(member: string): Promise<string> {
    const url = await this.listen((request, _, response) => {
      response.setHeader("metadata-flavor", "Google");
      const isToken = request.url!.includes("/token");
      response.end(isToken ? JSON.stringify({ access_token: member, expires_in: 3600 }) : "{}");
    });
    return new URL(url).host;
  }

  private async listen(
    handle: (request: IncomingMessage, body: string, response: ServerResponse) => void,
  ): Promise<string> {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (part: Buffer) => (body += part.toString()));
      request.on("end", () => handle(request, body, response));
    });
    this.servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  private answer(request: IncomingMessage, body: string, response: ServerResponse): void {
    const url = new URL(request.url!, this.url);
    const member = (request.headers.authorization ?? "").replace("Bearer ", "");
    try {
      response.end(this.handle(request.method!, url, body, member));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message } = error;
      response.writeHead(code, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { code, message } }));
    }
  }

  private handle(verb: string, url: URL, body: string, member: string): string {
    const path = decodeURIComponent(url.pathname);
    const isUpload = path.startsWith("/upload/");
    const api = path.startsWith("/v2/") ? "run.v2" : "storage.v1";
    const asked = {
      verb,
      path: isUpload ? path.replace("/upload", "") : path,
      query: url.searchParams.keys(),
      // An upload's body is the object.
      body: isUpload || body === "" ? undefined : JSON.parse(body),
    };
    const wrong = wrongWith(discovery(api), asked);
    if (wrong.length > 0) throw new Refusal(400, wrong.join("; "));

    const [, run] = /\/jobs\/([^/:]+):run$/.exec(path) ?? [];
    if (run) return JSON.stringify(this.run(run, JSON.parse(body) as RunRequest, member));
    const [, job, execution] = /\/jobs\/([^/]+)\/executions\/([^/]+)$/.exec(path) ?? [];
    if (job && execution) {
      this.require(member, job, ["run.executions.get"]);
      return JSON.stringify(this.executions.get(execution));
    }
    const [, bucket, object] = /\/b\/([^/]+)\/o(?:\/(.+))?$/.exec(path) ?? [];
    if (isUpload) {
      this.require(member, bucket!, ["storage.objects.create"]);
      this.objects.set(`${bucket}/${url.searchParams.get("name")}`, body);
      return "{}";
    }
    this.require(member, bucket!, ["storage.objects.get"]);
    const text = this.objects.get(`${bucket}/${object}`);
    if (text === undefined) throw new Refusal(404, `No such object: ${bucket}/${object}`);
    return text;
  }

  private run(name: string, { overrides }: RunRequest, member: string): object {
    this.require(member, name, ["run.jobs.run", ...(overrides ? ["run.jobs.runWithOverrides"] : [])]);
    const job = this.jobs.get(name);
    if (!job) throw new Refusal(404, `Resource '${name}' of kind 'JOB' does not exist`);
    const id = `${name}-${this.executions.size + 1}`;
    const execution: Execution = { conditions: [] };
    this.executions.set(id, execution);
    this.running.push(this.execute(job, overrides?.containerOverrides?.[0]?.args ?? [], execution));
    const metadata = { name: `${this.parent}/jobs/${name}/executions/${id}` };
    return { name: `${this.parent}/operations/${id}`, done: false, metadata };
  }

  private async execute({ account, env }: StandInJob, args: string[], execution: Execution): Promise<void> {
    const code = this.broken ? 1 : await this.program(args, { ...env, ...(await this.identity(account)) });
    execution.completionTime = new Date().toISOString();
    execution.conditions = [
      code === 0
        ? { type: "Completed", state: "CONDITION_SUCCEEDED" }
        : { type: "Completed", state: "CONDITION_FAILED", message: "The container exited with an error" },
    ];
  }

  private async identity(account: string): Promise<Record<string, string>> {
    return {
      GCE_METADATA_HOST: await this.metadataOf(account),
      METADATA_SERVER_DETECTION: "assume-present",
      STORAGE_EMULATOR_HOST: this.url,
    };
  }

  private program(args: string[], env: Record<string, string>): Promise<number> {
    const child = spawn(process.execPath, ["--enable-source-maps", ...args], {
      cwd: this.image,
      env: { PATH: process.env.PATH, ...env },
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (part: Buffer) => (this.log += part.toString()));
    return new Promise((resolve) => child.once("close", (code) => resolve(code ?? 1)));
  }

  private require(member: string, on: string, permissions: string[]): void {
    const missing = lacks(this.grants, member, on, permissions);
    if (!missing) return;
    this.refused.push(`${member} ${missing} ${on}`);
    throw new Refusal(403, `Permission '${missing}' denied on ${on}`);
  }
}

interface RunRequest {
  overrides?: { containerOverrides?: { args?: string[] }[] };
}

class Refusal extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}
