import type { Answer, Piece } from "./answer";
import type { BilledFile } from "./files";

/** Tokens that a message costs besides its text. */
const MESSAGE_TOKENS = 4;

const BYTES_PER_TOKEN = 4;

/** A part of a prompt, in the order in which the provider reads it. */
export interface PromptPart {
  text: string;
  /** Begins a message. */
  message?: boolean;
  /** Images and documents. */
  files?: BilledFile[];
  /** A cache breakpoint follows it. */
  cache?: "5m" | "1h";
}

/** How many tokens the provider's tokenizer makes of a byte (UTF-8) of the prompt. */
export const TOKENS_PER_BYTE = 1 / BYTES_PER_TOKEN;

/** Tokens of a part of a prompt. */
export function partTokens(part: PromptPart, tokensPerByte: number): number {
  const text = Math.ceil(Buffer.byteLength(part.text) * tokensPerByte);
  const files = (part.files ?? []).reduce((sum, { tokens }) => sum + tokens, 0);
  return text + (part.message ? MESSAGE_TOKENS : 0) + files;
}

/** Tokens of a whole prompt. */
export function promptTokens(parts: PromptPart[], tokensPerByte: number): number {
  return parts.reduce((sum, part) => sum + partTokens(part, tokensPerByte), 0);
}

/** Tokens of an answer's text. */
export function textTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

/** Tokens of an answer: its text and its tool calls. */
export function answerTokens({ content, toolCalls }: Answer): number {
  const calls = toolCalls.map(({ name, args }) => textTokens(JSON.stringify({ name, args })));
  return calls.reduce((sum, tokens) => sum + tokens, textTokens(content));
}

/** A text of exactly so many tokens, no two pieces alike: gateways end a stream that repeats itself. */
export function textOfTokens(tokens: number): string {
  return Array.from({ length: tokens }, (_, i) => `${(i % 36 ** 3).toString(36).padStart(3, "0")} `).join("");
}

/** The beginning of a text that has at most so many tokens; a character is never cut. */
export function truncate(text: string, tokens: number): string {
  const bytes = Buffer.from(text).subarray(0, tokens * BYTES_PER_TOKEN);
  return new TextDecoder("utf-8", { fatal: false }).decode(bytes).replace(/\uFFFD+$/, "");
}

/** An answer in pieces, as a stream sends it: eight tokens or so of text, or a whole tool call. */
export function piecesOf({ content, toolCalls }: Answer): Piece[] {
  const text = content.match(/[\s\S]{1,32}/gu) ?? [];
  return [...text.map((each) => ({ text: each })), ...toolCalls.map((call, index) => ({ call, index }))];
}

/** Tokens of the first pieces of an answer. */
export function tokensOfPieces(pieces: Piece[]): number {
  const content = pieces.map((piece) => ("text" in piece ? piece.text : "")).join("");
  return answerTokens({
    content,
    toolCalls: pieces.flatMap((piece) => ("call" in piece ? [piece.call] : [])),
  });
}
