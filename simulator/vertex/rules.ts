import type { Content, Part } from "@google/genai";
import type { PublicModel } from "../prices";
import { ApiError } from "../api-error";
import type { GenerateRequest } from "./contract";

const invalid = (message: string) => new ApiError(400, message);

/** A signature that Google documents for calls that another model made. */
const SKIPPED_SIGNATURES = ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"];

/** What Vertex AI refuses beyond a field's own type. @throws ApiError */
export function checkRules(model: string, request: GenerateRequest, publicModel: PublicModel): void {
  checkContents(request.contents ?? [], model.startsWith("gemini-3"));
  checkConfig(request, publicModel);
  checkTools(request);
  for (const [key, value] of Object.entries(request.labels ?? {})) checkLabel(key, value);
}

/** The parts of a content. */
export function partsOf({ parts }: Content): Part[] {
  return parts ?? [];
}

function checkContents(contents: Content[], needsSignatures: boolean): void {
  if (contents.length === 0)
    throw invalid("Unable to submit request because at least one contents field is required.");
  for (const content of contents) {
    if (content.role !== undefined && !["user", "model", "function", ""].includes(content.role)) {
      throw invalid("Please use a valid role: user, model.");
    }
    if (partsOf(content).length === 0) {
      throw invalid("Unable to submit request because it must include at least one parts field.");
    }
    if (partsOf(content).some((part) => Object.keys(part).every((key) => key.startsWith("thought")))) {
      throw invalid("Unable to submit request because it has an empty part: a part needs its data field.");
    }
  }
  if (contents.at(-1)!.role === "model") {
    throw invalid("Please ensure that multiturn requests end with a user role or a function response.");
  }
  contents.forEach((content, at) => checkFunctionTurn(content, contents[at + 1], contents[at - 1]));
  if (needsSignatures) checkSignatures(contents);
}

function checkFunctionTurn(content: Content, next: Content | undefined, previous: Content | undefined): void {
  const calls = partsOf(content).filter(({ functionCall }) => functionCall);
  const responses = (at: Content | undefined) =>
    (at ? partsOf(at) : []).filter(({ functionResponse }) => functionResponse);
  if (calls.length > 0 && content.role !== "model")
    throw invalid("Function calls must come from the model role.");
  if (calls.length > 0 && responses(next).length !== calls.length) {
    throw invalid(
      "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
    );
  }
  const called = (previous ? partsOf(previous) : []).some(({ functionCall }) => functionCall);
  if (responses(content).length > 0 && !called) {
    throw invalid("Please ensure that function response turn comes immediately after a function call turn.");
  }
}

/** Gemini 3 wants the thought signature of each step of the current turn back: on the first of parallel calls. */
function checkSignatures(contents: Content[]): void {
  const isQuestion = (content: Content) =>
    content.role !== "model" && partsOf(content).every(({ functionResponse }) => !functionResponse);
  const current = contents.slice(contents.findLastIndex(isQuestion) + 1);
  for (const content of current) {
    const call = partsOf(content).find(({ functionCall }) => functionCall);
    if (call && !call.thoughtSignature) {
      throw invalid(
        `Unable to submit request because function call \`${call.functionCall!.name}\` is missing a \`thought_signature\`.`,
      );
    }
    if (call && !isSignature(call.thoughtSignature!)) throw invalid("Thought signature is not valid.");
  }
}

function isSignature(signature: string): boolean {
  const text = Buffer.from(signature, "base64").toString();
  return (
    text.startsWith("simulated thought") ||
    SKIPPED_SIGNATURES.some((each) => each === text || each === signature)
  );
}

function checkConfig({ generationConfig: config = {} }: GenerateRequest, model: PublicModel): void {
  const { maxOutputTokens: most, temperature, candidateCount, thinkingConfig, stopSequences = [] } = config;
  const within = (name: string, value: number | undefined, low: number, high: number) => {
    if (value !== undefined && (Number(value) < low || Number(value) >= high)) {
      throw invalid(
        `Unable to submit request because it has a ${name} value of ${value} but the supported range is from ${low} (inclusive) to ${high} (exclusive).`,
      );
    }
  };
  within("maxOutputTokens", most, 1, model.maxOutputTokens + 1);
  within("candidateCount", candidateCount, 1, 9);
  within("temperature", temperature, 0, 2.0000001);
  within("thinkingBudget", thinkingConfig?.thinkingBudget, -1, 32_769);
  if (stopSequences.length > 5)
    throw invalid("Unable to submit request because it has more than 5 stopSequences.");
  if (thinkingConfig?.thinkingBudget !== undefined && thinkingConfig.thinkingLevel !== undefined) {
    throw invalid("You can only set only one of thinking budget and thinking level.");
  }
}

function checkTools({ tools = [], toolConfig }: GenerateRequest): void {
  const names = tools.flatMap(({ functionDeclarations = [] }) =>
    functionDeclarations.map(({ name }) => name ?? ""),
  );
  const bad = names.find((name) => !/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/.test(name));
  if (bad !== undefined) {
    throw invalid(
      `Invalid function name "${bad}". Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.`,
    );
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(`Duplicate function declaration found: ${twice}`);
  const { mode = "AUTO", allowedFunctionNames: allowed } = toolConfig?.functionCallingConfig ?? {};
  if (allowed && mode.toUpperCase() === "AUTO") {
    throw invalid("allowedFunctionNames should only be set when the function calling mode is ANY.");
  }
}

/** "Lowercase letters, numeric characters, underscores, and dashes", at most 63, a key from a letter on. */
function checkLabel(key: string, value: string): void {
  if (
    /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key) &&
    /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value)
  )
    return;
  throw invalid(
    `Invalid label "${key}": "${value}". Keys and values take lowercase letters, digits, _ and -, at most 63.`,
  );
}
