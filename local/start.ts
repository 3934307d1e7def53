/** `tollgate start`: runs the stack on this machine, holds a sample conversation, and stays up until Ctrl-C. */
import { service } from "../catalogue";
import { logFile } from "../ops/workspace/paths";
import { runCommand, tollgateCommand, wholeNumber } from "../ops/terminal/command";
import { ensureSecrets } from "../ops/workspace/secrets";
import { downloadServers } from "./servers/download";
import { variableOf } from "./servers/find";
import { SERVERS } from "./servers/releases";
import { runChecks, simulatorBill } from "./stack/checks";
import { requireFreePorts } from "./stack/free-ports";
import { cleanUpLeftovers } from "./stack/leftovers";
import { setOldLogsAside } from "./stack/old-logs";
import { bold, dim, green, red, serviceTable, yellow } from "./stack/report";
import { ensureSampleCustomer } from "./stack/sample-customer";
import { holdSampleConversation } from "./stack/sample-conversation";
import { localServices, type LocalService } from "./stack/services";
import { portOf, providerOf, workersOf, type StackSettings } from "./stack/settings";
import { whyNotHere } from "./target";
import { Supervisor, type Observer } from "./stack/supervisor";

const HELP = `
Environment:
  TOLLGATE_PROVIDER_URL      an OpenAI-compatible server that answers instead of the simulator (TOLLGATE_PROVIDER_KEY: its key)
  ANTHROPIC_API_KEY, VERTEXAI_PROJECT, VERTEXAI_LOCATION
                             the real providers answer; the sample conversation then costs real money, at most $0.50
  ${SERVERS.map(variableOf).join(", ")}
                             programs that are not on the PATH; each that is there is started
  TOLLGATE_GATEWAY_WORKERS   LiteLLM's worker processes (default 1)

Everything is kept in .tollgate/; delete that folder to start afresh.`;

interface Options {
  check: boolean;
  full: boolean;
  portOffset: number;
}

async function start(options: Options): Promise<void> {
  const settings: StackSettings = {
    portOffset: options.portOffset,
    provider: providerOf(process.env),
    gatewayWorkers: workersOf(process.env),
    secrets: ensureSecrets(),
  };
  if (options.full) await downloadServers((what) => console.log(`  ${what}`));
  const services = localServices(settings);
  for (const name of await cleanUpLeftovers())
    console.log(`Stopped ${name}, which an earlier run had left behind`);
  await requireFreePorts(services);
  setOldLogsAside();
  const supervisor = new Supervisor(services, settings.portOffset, observer);
  const asked = stopRequest();
  try {
    const done = await Promise.race([run(options, settings, services, supervisor), asked]);
    if (done === "stay") await asked;
  } finally {
    console.log("\nStopping ...");
    await supervisor.stop();
    console.log("Stopped. The data is kept in .tollgate/.");
  }
}

/** Starts, converses, checks; afterwards the stack stays up or is done. */
async function run(
  { check }: Options,
  settings: StackSettings,
  services: LocalService[],
  supervisor: Supervisor,
): Promise<"stay" | "done"> {
  const began = performance.now();
  console.log(bold("Starting the stack"));
  await supervisor.start();
  console.log(`\n${serviceTable(services, (name) => supervisor.stateOf(name), logFile)}`);
  console.log(
    dim(`\nUp in ${seconds(began)}. A sample conversation, each LLM call paid from the customer's budget:`),
  );

  const key = await ensureSampleCustomer(settings);
  const billedBefore = await simulatorBill(settings);
  const talked = await holdSampleConversation(settings, key).catch((error: Error) => error);
  if (talked instanceof Error) {
    console.error(
      red(
        `The sample conversation failed: ${talked.message}\nSee ${logFile("agent")} and ${logFile("gateway")}`,
      ),
    );
  }
  if (!check) {
    console.log(nextSteps(settings));
    return "stay";
  }
  if (talked instanceof Error) throw talked;
  console.log(bold("\nChecks"));
  const stateOf = (name: string) => supervisor.stateOf(name);
  const passed = await runChecks({ settings, services, stateOf, conversation: talked, billedBefore });
  if (!passed) process.exitCode = 1;
  return "done";
}

const observer: Observer = {
  ready: ({ name }, took) => console.log(`  ${green("ready")}   ${name} ${dim(`(${took.toFixed(1)} s)`)}`),
  failed: ({ name }, error) => console.error(`  ${red("failed")}  ${name}: ${error.message}`),
  ended: ({ name }, how, pause) =>
    console.error(`  ${yellow("ended")}   ${name}: ${how}; it is started again in ${pause} s`),
};

/** Resolves at the first Ctrl-C or SIGTERM; a second one ends the program at once. */
function stopRequest(): Promise<"done"> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = () => {
      // What this leaves behind, the next start cleans up.
      if (asked) process.exit(130);
      asked = true;
      resolve("done");
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, ask);
  });
}

function nextSteps(settings: StackSettings): string {
  const grafana = service("grafana");
  const note = whyNotHere(grafana) && grafana.substitute?.note;
  return `
${bold("The stack is up.")} In another terminal:
  npm run ask -- "why did my costs go up last week?"
  npm run customers -- usage
Dashboards: http://127.0.0.1:${portOf(settings, "grafana")}${note ? ` (${note})` : ""}
Traces:     http://127.0.0.1:${portOf(settings, "langfuse")}
Logs are in .tollgate/logs/. Ctrl-C stops everything.`;
}

function seconds(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(1)} s`;
}

runCommand(
  tollgateCommand(
    "start",
    "Run the cost-protection stack on this machine, without Docker or a cloud account.",
  )
    .option("--check", "hold the sample conversation, check the result and stop", false)
    .option("--full", `download ${SERVERS.join(", ")} where they are not on the PATH`, false)
    .option("--port-offset <n>", "add this to every port", wholeNumber(0, 50_000), 0)
    .addHelpText("after", HELP)
    .action(start),
);
