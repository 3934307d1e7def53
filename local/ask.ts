/**
 * `npm run ask -- "question"`: asks the running agent as the sample customer and streams the answer.
 * Exit codes: 0 answered, 1 failed or refused by a budget, 2 wrong usage.
 */
import { Command } from "commander";
import { pc } from "../ops/terminal/colours";
import { connectAgent } from "./agent-client";
import { readSecrets } from "../ops/workspace/secrets";
import { runningStack } from "../ops/workspace/state";

interface Options {
  session?: string;
}

const program = new Command("npm run ask --")
  .description("Asks the agent one question as the sample customer.")
  .argument("<question...>", "what to ask")
  .option("--session <id>", "go on with this conversation")
  .showHelpAfterError()
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

async function main(question: string, { session }: Options): Promise<void> {
  const url = runningStack().services.agent?.url;
  const key = readSecrets()?.sampleCustomerKey;
  if (!url || !key) throw new Error("The agent is not up yet: wait until `npm start` says so");
  const agent = await connectAgent(url, key);
  try {
    let streamed = "";
    const answer = await agent.ask(question, session, (text) => {
      streamed += text;
      process.stdout.write(text);
    });
    // What was not streamed, as a refusal's message or an answer that was made anew.
    if (streamed !== answer.answer) process.stdout.write(streamed ? `\n\n${answer.answer}` : answer.answer);
    process.stdout.write("\n");
    const models = answer.models.join(", ") || "no model";
    console.error(pc.dim(`${answer.llm_calls} LLM calls, ${models}; --session ${answer.session_id}`));
    if (answer.refused) process.exitCode = 1;
  } finally {
    await agent.close();
  }
}

program.parse();
main(program.args.join(" "), program.opts<Options>()).catch((error: Error) => {
  console.error(pc.red(error.message));
  process.exitCode = 1;
});
