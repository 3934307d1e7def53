/**
 * `tollgate office wake|sleep --stack dev`: runs the schedules of office hours now. Waking takes some minutes: Cloud SQL is the
 * slowest.
 */
import { Argument } from "commander";
import { plan } from "../../infra/plan";
import { runCommand, stackOption, tollgateCommand, UsageError } from "../terminal/command";
import { runNow, schedulesOf, type Action } from "./run";

async function act(action: Action, { stack }: { stack: string }): Promise<void> {
  const schedules = schedulesOf((await plan(stack)).resources, action);
  if (schedules.length === 0)
    throw new UsageError(
      `--stack ${stack} has no office hours: \`pulumi config set --path 'tollgate:officeHours.from' 8\`, then .to and .timeZone`,
    );
  for (const schedule of schedules) {
    await runNow(schedule);
    console.log(`${schedule.sleeper}: ${action === "wake" ? "waking" : "going to sleep"}`);
  }
}

runCommand(
  tollgateCommand("office", "Wake a stack that sleeps outside office hours, or put it to sleep, now.")
    .addArgument(new Argument("<action>", "what to do").choices(["wake", "sleep"]))
    .addOption(stackOption())
    .action(act),
);
