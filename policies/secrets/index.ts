import { Instance } from "@pulumi/gcp/compute/instance";
import { SecretVersion } from "@pulumi/gcp/secretmanager/secretVersion";
import { User } from "@pulumi/gcp/sql/user";
import { RandomBytes } from "@pulumi/random/randomBytes";
import { RandomPassword } from "@pulumi/random/randomPassword";
import { onContainers } from "../deployed/containers";
import { filesOf, onFiles } from "../deployed/files";
import { secretSources } from "../../catalogue";
import { allOf, ofAnyType, ofType, type Rule } from "../rule";
import { secretIn, secretsInText, shapeIn } from "./recognise";

/** What a plan shows in place of a value that is marked secret. */
const HIDDEN = "[secret]";

export const secretsFromManager: Rule = {
  name: "secrets-from-manager",
  description: "Secrets come out of Secret Manager: never as plain values, arguments, metadata or files.",
  severity: "critical",
  remedy: "Keep the value as a secret of catalogue/secrets.ts and refer to it",
  checks: [
    ...onContainers(({ name, env, command }) => [
      ...env
        .filter(({ name: variable, value }) => value === HIDDEN || secretIn(variable, value))
        .map((variable) => `Container ${name} has ${variable.name} as a plain value`),
      ...command
        .flatMap((argument) => secretsInText(argument))
        .map((finding) => `An argument of container ${name}, ${finding}`),
    ]),
    ...onFiles(({ path, content = "" }) => secretsInText(content).map((finding) => `${path}, ${finding}`)),
    ofType(Instance, ({ metadata = {} }) =>
      Object.entries(metadata)
        .filter(([key, value = ""]) => value === HIDDEN || (!value.includes("\n") && secretIn(key, value)))
        .map(([key]) => `metadata.${key} is made from a secret`),
    ),
    ofAnyType((props, { type }) =>
      JUDGED_ELSEWHERE.test(type)
        ? []
        : textsIn(props).flatMap(([field, text]) => {
            const shape = OF_CONTAINER.test(field) ? undefined : shapeIn(text);
            return shape ? [`${field} holds ${shape}`] : [];
          }),
    ),
  ],
};

/** What the checks of containers cover. */
const OF_CONTAINER = /\.(envs|args|commands)\.\d/;

/** Files and machines, which are checked line by line, and the places where secrets belong. */
const JUDGED_ELSEWHERE =
  /^(random:|tollgate:|gcp:(storage\/bucketObject|secretmanager\/secretVersion|sql\/user|compute\/instance):)/;

/** Every text among the inputs of a resource, with its field. */
function textsIn(value: unknown, field = ""): [string, string][] {
  if (typeof value === "string") return [[field, value]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => textsIn(each, field ? `${field}.${key}` : key));
}

/** What makes and keeps secrets. */
const HOLDS_SECRETS = /^(random:|gcp:(secretmanager\/secretVersion|sql\/user):)/;

/** A value this short may occur in a text by chance. */
const SHORTEST = 8;

/** Everybody may read a certificate. */
const CERTIFICATE = "-----BEGIN CERTIFICATE-----";

/** The password of Memorystore, which the engine hands over once it is there. */
const MADE_BY_GOOGLE = "authString";

export const secretsNotCopied: Rule = {
  name: "secrets-not-copied",
  description: "The value of a secret of the stack is nowhere else in it.",
  severity: "critical",
  remedy: "Refer to the secret in Secret Manager",
  checkStack: (resources) => {
    const values = [
      ...allOf(resources, SecretVersion).map(({ name, props }) => [name, props.secretData] as const),
      ...allOf(resources, User).map(({ name, props }) => [name, props.password] as const),
    ].filter(
      (pair): pair is [string, string] =>
        (pair[1]?.length ?? 0) >= SHORTEST && pair[1] !== HIDDEN && !pair[1]!.includes(CERTIFICATE),
    );
    if (values.length === 0) return [];
    const texts: [string, string][] = [
      ...resources
        .filter(({ type }) => !HOLDS_SECRETS.test(type))
        .flatMap(({ name, props }) =>
          textsIn(props)
            .filter(([field]) => field !== MADE_BY_GOOGLE)
            .map(([field, text]): [string, string] => [`${field} of ${name}`, text]),
        ),
      // What a machine's files hold may be encoded.
      ...filesOf(resources).map(({ path, content = "" }): [string, string] => [path, content]),
    ];
    return values.flatMap(([secret, value]) =>
      texts
        .filter(([, text]) => formsOf(value).some((form) => text.includes(form)))
        .map(([where]) => `${where} holds the value of ${secret}`),
    );
  },
};

/** A value as it is, and as it may be written to look like something else. */
function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const [base64, url] = [bytes.toString("base64").replace(/=+$/, ""), bytes.toString("base64url")];
  return [
    value,
    base64,
    url,
    bytes.toString("hex"),
    encodeURIComponent(value),
    [...value].reverse().join(""),
  ];
}

/** What makes a password of fewer different signs. */
const WEAKENS = ["lower", "upper", "numeric", "number", "overrideSpecial"] as const;
const LEAST_OF = ["minLower", "minUpper", "minNumeric", "minSpecial"] as const;

/** Secrets that the stack makes up itself. */
const GENERATED: ReadonlySet<string> = new Set(
  secretSources.flatMap(([name, source]) => ("random" in source || "randomHex" in source ? [name] : [])),
);

const CHOSEN = "Its value is not as random as a generated one";

export const secretsStrong: Rule = {
  name: "secrets-strong",
  description: "Generated passwords and keys are too long to be guessed.",
  severity: "high",
  remedy: "Raise the length in catalogue/secrets.ts",
  settings: {
    minLength: { type: "number", default: 24, minimum: 1 },
    minBytes: { type: "number", default: 32, minimum: 1 },
  },
  checks: [
    ofType(RandomPassword, ({ length = 0, ...signs }, _, { minLength }) => [
      ...(length >= (minLength as number) ? [] : [`length is ${length}, less than ${minLength}`]),
      ...WEAKENS.filter((field) => signs[field] === false || typeof signs[field] === "string").map(
        (field) => `${field} is ${signs[field]}, which leaves fewer signs`,
      ),
      ...LEAST_OF.filter((field) => (signs[field] ?? 0) > 0).map(
        (field) => `${field} is ${signs[field]}, which says where to look`,
      ),
    ]),
    ofType(SecretVersion, ({ secretData = HIDDEN }, { name }) =>
      !GENERATED.has(name) || secretData === HIDDEN || secretIn("value", secretData) ? [] : [CHOSEN],
    ),
    ofType(User, ({ password = HIDDEN }) =>
      password === HIDDEN || secretIn("value", password) ? [] : [CHOSEN],
    ),
    ofType(RandomBytes, ({ length = 0 }, _, { minBytes }) =>
      length >= (minBytes as number) ? [] : [`length is ${length}, less than ${minBytes}`],
    ),
  ],
};

/** Where secrets may be, and what they must be like. */
export const secretRules: Rule[] = [secretsFromManager, secretsNotCopied, secretsStrong];
