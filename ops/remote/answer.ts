/**
 * Runs a program of the services' image in a job of a stack and leaves its answer in the bucket of answers, encrypted for who
 * asked: `answer.js ID PUBLIC_KEY PROGRAM [ARGUMENTS]`. `run.ts` is the other end.
 */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { StorageObjects } from "./storage";
import { seal } from "./sealed";

/** What a command printed, and how it ended. */
export interface Answer {
  exitCode: number;
  stdout: string;
  stderr: string;
}

async function answer(id: string, recipient: string, program: string, args: string[]): Promise<void> {
  const bucket = process.env.TOLLGATE_ANSWERS_BUCKET;
  if (!bucket) throw new Error("TOLLGATE_ANSWERS_BUCKET is not set: run this in a job of the stack");
  const result = await run(program, args);
  await new StorageObjects().create(bucket, id, seal(JSON.stringify(result), recipient));
  // What it printed stays out of the log: a new customer's key is shown only to the person who asked.
  console.log(
    JSON.stringify({ level: "info", event: "operator.command", program, exit_code: result.exitCode }),
  );
}

function run(program: string, args: string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Next to this file in the image.
    const file = join(dirname(process.argv[1]!), program);
    const child = spawn(process.execPath, ["--enable-source-maps", file, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const printed = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (part: string) => (printed[stream] += part));
    child.once("error", reject);
    child.once("close", (code) => resolve({ exitCode: code ?? 1, ...printed }));
  });
}

const [id, recipient, program, ...args] = process.argv.slice(2);
if (!id || !recipient || !program) {
  console.error("Usage: answer.js ID PUBLIC_KEY PROGRAM [ARGUMENTS]");
  process.exitCode = 2;
} else {
  answer(id, recipient, program, args).catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
