/**
 * `tollgate ask "question"`: asks the running agent as the sample customer and streams the answer. Exit code 1 when a budget
 * refused it.
 */
import { pc } from "../ops/terminal/colours";
import { connectAgent } from "./agent-client";
import { readSecrets } from "../ops/workspace/secrets";
import { runningStack } from "../ops/workspace/state";
import { EXIT, runCommand, tollgateCommand } from "../ops/terminal/command";

interface Options {
  session?: string;
}

async function ask(words: string[], { session }: Options): Promise<void> {
  const url = runningStack().services.agent?.url;
  const key = readSecrets()?.sampleCustomerKey;
  if (!url || !key) throw new Error("The agent is not ready: wait until `npm start` reports it as ready");
  const agent = await connectAgent(url, key);
  try {
    let streamed = "";
    const answer = await agent.ask(words.join(" "), session, (text) => {
      streamed += text;
      process.stdout.write(text);
    });
    // What was not streamed, such as a refusal's message or a regenerated answer.
    if (streamed !== answer.answer) process.stdout.write(streamed ? `\n\n${answer.answer}` : answer.answer);
    process.stdout.write("\n");
    const models = answer.models.join(", ") || "no model";
    console.error(
      pc.dim(
        `${answer.llm_calls} LLM ${answer.llm_calls === 1 ? "call" : "calls"}, ${models}; --session ${answer.session_id}`,
      ),
    );
    if (answer.refused) process.exitCode = EXIT.failed;
  } finally {
    await agent.close();
  }
}

runCommand(
  tollgateCommand("ask", "Ask the agent one question as the sample customer.")
    .argument("<question...>", "the question")
    .option("--session <id>", "continue this conversation")
    .action(ask),
);
