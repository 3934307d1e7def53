/**
 * `tollgate promote --from dev --to prod [--apply | --rollback] [--json]`: takes to prod what dev has proven. Exit code 3 when a
 * health gate rolled the promotion back.
 */
import { firstLines } from "../../infra/plan/change-in-words";
import { join } from "node:path";
import { Option } from "commander";
import { pc } from "../terminal/colours";
import { STACKS } from "../../infra/plan/stack-file";
import { dollars } from "../../infra/cost/money";
import { exitCode, promote, type Options, type Dependencies } from "./command";
import { GoogleCloudRun } from "./google";
import { askPrometheus, type Sample } from "../query/prometheus";
import { placeOf, runInStack } from "../remote/run";
import { ObservedHealth, type AskPrometheus } from "./health";
import { PulumiEngine } from "./engine";
import type { Proposal } from "./prepare";
import { STEPS } from "./rollout";
import { watchFor } from "./watch";
import { jsonOption, runCommand, tollgateCommand, wholeNumber } from "../terminal/command";
import { interruption } from "../terminal/interruption";

const ROOT = join(__dirname, "..", "..");
/** Seconds between two looks at the new revisions. */
const LOOK_EVERY = 15;

interface Flags extends Options {
  json?: boolean;
  prometheus?: string;
  watch: number;
}

async function runPromotion(flags: Flags): Promise<void> {
  const say = (line: string) => (flags.json ? console.error(line) : console.log(line));
  const signal = interruption(
    "Stopping; Pulumi is waited for. Once more ends this command at once, and may leave Pulumi's update half done.",
  );
  const dependencies: Dependencies = {
    signal,
    root: ROOT,
    cloudRun: (stack) => new GoogleCloudRun(placeOf(stack)),
    engine: (stack) => new PulumiEngine(stack, ROOT, say),
    health: (stack, run) => new ObservedHealth(run, prometheusOf(stack, flags.prometheus)),
    watch: watchFor(flags.watch * 1000, LOOK_EVERY * 1000, signal),
    say,
    show: (proposal) => show(proposal, say),
  };
  const promotion = await promote(flags, dependencies);
  if (flags.json) console.log(JSON.stringify(promotion ?? null, null, 2));
  else if (promotion) {
    say(`Promotion ${promotion.id}: ${promotion.state}${promotion.reason ? ` (${promotion.reason})` : ""}`);
    if (promotion.state === "prepared")
      say(`Commit Pulumi.${flags.to}.yaml and promotions.${flags.to}.yaml, then run it with --apply.`);
  }
  process.exitCode = exitCode(promotion, flags);
}

/** Prometheus at an address, or through a job of the stack: it answers inside the network alone. */
function prometheusOf(stack: string, url?: string): AskPrometheus {
  if (url)
    return (expressions) => askPrometheus(expressions, url, process.env.TOLLGATE_PROMETHEUS_AUTHORIZATION);
  return async (expressions) => {
    const args = ["metrics", "--json", ...expressions];
    const { exitCode, stdout, stderr } = await runInStack(
      { job: "admin", program: "query", args },
      placeOf(stack),
    );
    if (exitCode !== 0) throw new Error(stderr.trim());
    return JSON.parse(stdout) as Sample[][];
  };
}

/** Lines of one change on a screen. */
const LINES = 12;

function show({ promotion, differences, violations, cost }: Proposal, say: (line: string) => void): void {
  say(pc.bold(`${promotion.from} -> ${promotion.to}`));
  for (const [image, digest] of Object.entries(promotion.after.images)) {
    say(`  ${image}: ${promotion.before.images[image as never] ?? "(none)"} -> ${digest}`);
  }
  say(`  definitions: ${promotion.before.definitionsHash ?? "(none)"} -> ${promotion.after.definitionsHash}`);
  say(pc.bold("Plan, against the committed one"));
  for (const { kind, type, name, lines } of differences) {
    say(`  ${kind} ${type} ${name}`);
    const all = `npm run plan -- --stack ${promotion.to} --full`;
    for (const line of firstLines(lines, LINES, `\`${all}\` shows them`)) say(`      ${line}`);
  }
  say(`Cost: ${dollars(cost.before)} -> ${dollars(cost.after)} a month (expected, infrastructure)`);
  say(violations.length > 0 ? pc.bold("Policies") : "No policy is violated.");
  for (const { policy, level, message } of violations) say(`  [${level}] ${policy}: ${message}`);
}

runCommand(
  tollgateCommand(
    "promote",
    `Promote the images and definitions that run healthily in one environment to another. Without --apply it writes Pulumi.<to>.yaml and shows the plan; with it, traffic moves ${STEPS.join(" -> ")} % past a health gate at each step.`,
  )
    .addOption(
      new Option("--from <stack>", "where the release is proven").choices([...STACKS]).makeOptionMandatory(),
    )
    .addOption(new Option("--to <stack>", "where it goes").choices([...STACKS]).makeOptionMandatory())
    .addOption(
      new Option("--apply", "run Pulumi and move the traffic; continues an interrupted promotion").conflicts(
        "rollback",
      ),
    )
    .option("--rollback", "return all traffic to the revisions before the last promotion")
    .addOption(
      new Option(
        "--prometheus <url>",
        "the target's Prometheus, for the health gates (default: asked through a job of the target)",
      ).env("TOLLGATE_PROMETHEUS_URL"),
    )
    .option(
      "--watch <seconds>",
      "how long each step is watched; the rates look back 300 s",
      wholeNumber(1, 86_400),
      600,
    )
    .addOption(jsonOption("print the promotion as JSON"))
    .addHelpText(
      "after",
      "\nTOLLGATE_PROMETHEUS_AUTHORIZATION is sent to Prometheus as the Authorization header.",
    )
    .action(runPromotion),
);
