/** `npm run test:mutation:rules`: what share of the mistakes in alert rules their tests notice. */
import { cpus } from "node:os";
import { Argument } from "commander";
import { composePrometheus } from "../../../dashboards/prometheus";
import { ruleGroups } from "../../../dashboards/prometheus/rules";
import { EXIT, jsonOption, runCommand, tollgateCommand, UsageError } from "../../../ops/terminal/command";
import { table } from "../../../ops/terminal/table";
import { suites } from "../suites";
import { judgeRule, type Outcome } from "./judge";
import { mutantsOf, type Mutant } from "./mutants";

const allGroups = ruleGroups(composePrometheus());

type Outcomes = Map<Mutant, Outcome>;

const nameOf = ({ group, rule, kind, what }: Mutant) => `${group}/${rule}: ${kind} ${what}`;

/** Judges the rules one by one, as many at a time as there are cores. */
async function judgeAll(mutants: Mutant[]): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  const say = progress(mutants.length);
  const queue = allGroups.flatMap(({ name, rules }) =>
    rules.map((_, at) => mutants.filter((each) => each.group === name && each.at === at)),
  );
  const worker = async () => {
    for (let own = queue.shift(); own; own = queue.shift()) {
      if (own.length === 0) continue;
      const name = own[0]!.group;
      const group = allGroups.find((each) => each.name === name)!;
      const suite = suites.find((each) => each.group === name)!;
      await judgeRule(own, group, suite, (mutant, outcome) => {
        outcomes.set(mutant, outcome);
        say(outcomes.size, outcome === "survived" ? `survived: ${nameOf(mutant)}` : undefined);
      });
    }
  };
  await Promise.all(cpus().map(worker));
  return outcomes;
}

const SECONDS_BETWEEN_LINES = 10;

/** Says on stderr how far the run is: in one line of a terminal, in a line now and then elsewhere. */
function progress(total: number): (done: number, finding?: string) => void {
  const started = Date.now();
  const { isTTY } = process.stderr;
  let said = started;
  return (done, finding) => {
    const now = Date.now();
    if (finding) process.stderr.write(`${isTTY ? "\r\x1b[K" : ""}${finding}\n`);
    if (done < total && now - said < (isTTY ? 0.2 : SECONDS_BETWEEN_LINES) * 1000) return;
    said = now;
    const left = Math.round(((now - started) / done / 1000) * (total - done));
    const line = `${done} of ${total} mutants${left > 0 ? `, about ${left} s left` : ""}`;
    process.stderr.write(isTTY ? `\r\x1b[K${line}${done === total ? "\n" : ""}` : `${line}\n`);
  };
}

const count = (outcomes: [Mutant, Outcome][], wanted: Outcome) =>
  outcomes.filter(([, outcome]) => outcome === wanted).length;

/** Of each kind of mistake, how many mutants the tests judge and how many they kill. */
function scores(outcomes: Outcomes): { kind: string; mutants: number; killed: number }[] {
  const judged = [...outcomes].filter(([, outcome]) => outcome === "killed" || outcome === "survived");
  const kinds = [...new Set(judged.map(([{ kind }]) => kind))].sort();
  return ["all", ...kinds].map((kind) => {
    const own = judged.filter(([mutant]) => kind === "all" || mutant.kind === kind);
    return { kind, mutants: own.length, killed: count(own, "killed") };
  });
}

const NOT_COUNTED: [Outcome, string][] = [
  ["invalid", "are rules that Prometheus refuses"],
  ["equivalent", "mean the same as the rule"],
  ["unjudged", "are of series that only dashboards read"],
];

interface Options {
  only?: string;
  json?: boolean;
}

async function run(names: string[], { only = "", json }: Options): Promise<void> {
  const groups = allGroups.filter(({ name }) => names.length === 0 || names.includes(name));
  const started = Date.now();
  const mutants = groups.flatMap(mutantsOf).filter(({ rule }) => rule.includes(only));
  if (mutants.length === 0)
    throw new UsageError(`--only "${only}" must be part of the name of a rule of these groups`);
  const outcomes = await judgeAll(mutants);
  const seconds = Math.round((Date.now() - started) / 1000);
  const survivors = mutants.filter((mutant) => outcomes.get(mutant) === "survived");
  const rest = NOT_COUNTED.map(([outcome]) => [outcome, count([...outcomes], outcome)]);
  if (json)
    console.log(
      JSON.stringify({
        seconds,
        kinds: scores(outcomes),
        survivors: survivors.map(({ group, rule, kind, what }) => ({ group, rule, kind, what })),
        notCounted: Object.fromEntries(rest) as Record<Outcome, number>,
      }),
    );
  else {
    const rows = scores(outcomes).map(({ kind, mutants: all, killed }) => [
      kind,
      all,
      killed,
      `${((100 * killed) / (all || 1)).toFixed(1)} %`,
    ]);
    console.log(table(["mistake", "mutants", "killed", "score"], rows));
    for (const each of survivors) console.log(`survived: ${nameOf(each)}`);
    for (const [outcome, why] of NOT_COUNTED)
      console.log(`not counted: ${count([...outcomes], outcome)} ${why}`);
    console.log(`${seconds} s`);
  }
  if (survivors.length > 0) process.exitCode = EXIT.finding;
}

runCommand(
  tollgateCommand(
    "test:mutation:rules",
    "Break every rule in every small way, one at a time, and run the promtool tests of its group: a test must fail. Prints the " +
      "score, by kind of mistake, and the mutants that survived; the exit code is 3 when there are any.",
  )
    .usage("-- [group ...] [--only <text>]")
    .addArgument(
      new Argument("[group...]", "the groups of rules; all by default").choices(
        allGroups.map(({ name }) => name),
      ),
    )
    .option("--only <text>", "only the rules with this text in their name")
    .addOption(jsonOption())
    .action(run),
);
