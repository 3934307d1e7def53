/** Every component shows how it is used, and the compiler accepts what it shows. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const root = join(__dirname, "..", "..");

const sources = readdirSync(join(root, "components"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(join(root, "components", name), "utf8") }));

/** Name of a component class and the code of its `@example`, if there is one. */
const components = sources.flatMap(({ name, text }) =>
  [
    ...text.matchAll(
      /\/\*\*((?:(?!\*\/)[\s\S])*?)\*\/\nexport class (\w+) extends pulumi\.ComponentResource/g,
    ),
  ].map(([, doc = "", component = ""]) => ({
    component,
    name,
    example: /@example\n \* ```ts\n([\s\S]*?)\n \* ```/.exec(doc)?.[1]?.replace(/^ \* ?/gm, ""),
  })),
);

test("each component has an example", () => {
  const declared = sources.flatMap(({ text }) =>
    [...text.matchAll(/^export class (\w+) extends pulumi\.ComponentResource/gm)].map(
      ([, component]) => component,
    ),
  );
  expect(components.filter(({ example }) => example).map(({ component }) => component)).toEqual(declared);
});

test("the examples compile", () => {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile).config,
    ts.sys,
    root,
  );
  const examples = new Map(
    components.map(({ component, example = "" }) => [
      join(root, `example-of-${component}.ts`),
      `${example}\nexport {};\n`,
    ]),
  );
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (file) => examples.has(file) || fileExists(file);
  host.getSourceFile = (file, target, ...rest) => {
    const text = examples.get(file);
    return text === undefined
      ? getSourceFile(file, target, ...rest)
      : ts.createSourceFile(file, text, target);
  };
  const program = ts.createProgram(
    [...examples.keys()],
    { ...options, noUnusedLocals: false, types: ["node"] },
    host,
  );
  const findings = [...examples.keys()].flatMap((file) => {
    const source = program.getSourceFile(file)!;
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) =>
        `${file.slice(root.length + 1)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    );
  });
  expect(findings).toEqual([]);
}, 120_000);
