import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { dirname } from "node:path";
import { credentials } from "@grpc/grpc-js";
import type { JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import {
  AnalyzeRequest,
  AnalyzerResource,
  AnalyzerResourceOptions,
  AnalyzeStackRequest,
  EnforcementLevel,
  type AnalyzeDiagnostic,
  type AnalyzeResponse,
} from "@pulumi/pulumi/proto/analyzer_pb";
import { PROVIDER_DEFAULTS } from "../../../policies/catalogued/provider-defaults";
import { UNKNOWN, type Plan, type PlannedResource } from "../../../infra/plan";

const UNKNOWN_VALUE = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A pack that ended in place of serving, with all that it printed. */
export class PackRefused extends Error {
  override readonly name = "PackRefused";
}

/** A policy pack in its own process, called as by the engine during a preview. */
export class RunningPack {
  private constructor(
    private readonly child: ChildProcess,
    private readonly client: AnalyzerClient,
  ) {}

  /**
   * @param folder Where the pack is; `@pulumi/pulumi` is found from there.
   * @throws PackRefused when it does not serve.
   */
  static async start(folder: string, stack: string, config: Record<string, string>): Promise<RunningPack> {
    const runner = dirname(require.resolve("@pulumi/pulumi/cmd/run-policy-pack", { paths: [folder] }));
    const child = spawn(process.execPath, [runner, "127.0.0.1:1", "."], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        PULUMI_PROJECT: "tollgate",
        PULUMI_STACK: stack,
        PULUMI_NODEJS_PROJECT: "tollgate",
        PULUMI_NODEJS_STACK: stack,
        PULUMI_CONFIG: JSON.stringify(config),
      },
    });
    let output = "";
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const port = await new Promise<string | undefined>((resolve) => {
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        const [, found] = /^(\d+)\n/m.exec(output) ?? [];
        if (found) resolve(found);
      });
      child.once("exit", () => resolve(undefined));
    });
    if (port === undefined) throw new PackRefused(output);
    return new RunningPack(child, new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure()));
  }

  /** The findings about a plan, as `policy: message`: those about each resource, then those about the stack. */
  async preview({ resources }: Plan): Promise<string[]> {
    const found: AnalyzeDiagnostic[] = [];
    for (const resource of resources) {
      const request = new AnalyzeRequest();
      fill(request, resource);
      found.push(...(await this.call((done) => this.client.analyze(request, done))));
    }
    const request = new AnalyzeStackRequest();
    request.setResourcesList(
      resources.map((resource) => {
        const message = new AnalyzerResource();
        fill(message, resource);
        message.setDependenciesList(resource.dependsOn.map(urn));
        return message;
      }),
    );
    found.push(...(await this.call((done) => this.client.analyzeStack(request, done))));
    return found
      .filter((each) => each.getEnforcementlevel() === EnforcementLevel.MANDATORY)
      .map((each) => `${each.getPolicyname()}: ${each.getMessage()}`);
  }

  async stop(): Promise<void> {
    this.client.close();
    this.child.kill();
    await once(this.child, "exit");
  }

  private call(
    ask: (done: (error: Error | null, response: AnalyzeResponse) => void) => void,
  ): Promise<AnalyzeDiagnostic[]> {
    return new Promise((resolve, reject) =>
      ask((error, response) => (error ? reject(error) : resolve(response.getDiagnosticsList()))),
    );
  }
}

function fill(
  message: AnalyzeRequest | AnalyzerResource,
  { type, name, inputs, protect }: PlannedResource,
): void {
  const options = new AnalyzerResourceOptions();
  options.setProtect(protect === true);
  message.setType(type);
  message.setName(name);
  message.setUrn(urn(`${type}::${name}`));
  const properties = wired(filled(type, name, inputs)) as Record<string, JavaScriptValue>;
  message.setProperties(Struct.fromJavaScript(properties));
  message.setOptions(options);
}

function urn(short: string): string {
  return `urn:pulumi:stack::tollgate::${short}`;
}

/** Inputs with the fields that the provider fills in where the program sets none. */
function filled(type: string, name: string, inputs: PlannedResource["inputs"]): PlannedResource["inputs"] {
  const named = HAS_A_NAME.test(type) ? { name: `${name}-347473b` } : {};
  return { ...named, ...PROVIDER_DEFAULTS[type], ...inputs };
}

const HAS_A_NAME =
  /^gcp:(compute\/(disk|firewall|instance|network|resourcePolicy|router|subnetwork)|dns\/managedZone):/;

/** A value as it goes over the wire during a preview: each object below the top says which fields the provider filled in. */
function wired(value: unknown, depth = 0): unknown {
  if (value === UNKNOWN) return UNKNOWN_VALUE;
  if (Array.isArray(value)) return value.map((each) => wired(each, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([key, each]) => [key, wired(each, depth + 1)] as const);
  return { ...(depth > 0 ? { __defaults: [] } : {}), ...Object.fromEntries(fields) };
}
