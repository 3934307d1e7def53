/**
 * `tollgate images push --stack dev`: builds own images, pushes them and writes their digests into the stack's file.
 * `tollgate images deployed --stack dev`: writes the digests that the stack runs now, so that a preview or a check for drift
 * compares with these.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { StackFile } from "../promote/stack-file";
import { explainPulumi, selectStack } from "../pulumi-stack";
import { runCommand, stackOption, tollgateCommand } from "../terminal/command";
import { deployedDigests } from "./deployed";
import { pushImages, type Digests } from "./push";

const ROOT = join(__dirname, "..", "..");

const command = tollgateCommand("images", "Own images, by digest.");

command
  .command("push")
  .description("build own images, push them and write their digests")
  .addOption(stackOption())
  .option("--tag <tag>", "tag of the images (default: the commit)")
  .action(async ({ stack, tag }: { stack: string; tag?: string }) => {
    const file = new StackFile(stack, ROOT);
    const registry = file.config()["tollgate:imageRegistry"];
    if (typeof registry !== "string")
      throw new Error(`tollgate:imageRegistry is missing in ${file.path}: name the registry to push to`);
    write(file, await pushImages({ root: ROOT, registry, tag: tag ?? commit() }));
  });

command
  .command("deployed")
  .description("write the digests that the stack runs now")
  .addOption(stackOption())
  .action(async ({ stack }: { stack: string }) => {
    const selected = await selectStack(stack, ROOT);
    const outputs = await explainPulumi(stack, () => selected.outputs());
    write(new StackFile(stack, ROOT), deployedDigests(stack, outputs["images"]?.value));
  });

function write(file: StackFile, images: Digests): void {
  file.writeRelease({ ...file.release(), images });
  for (const [name, digest] of Object.entries(images)) console.log(`${name} ${digest}`);
}

function commit(): string {
  return execFileSync("git", ["rev-parse", "HEAD"], { cwd: ROOT, encoding: "utf8" }).trim();
}

runCommand(command);
