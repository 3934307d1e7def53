import { textOf, type ChatRequest } from "./request";

/** Tokens that a message costs besides its text. */
const MESSAGE_TOKENS = 4;

/** Tokens of an image, a file or a sound, whatever few bytes its address has: providers bill them by size. */
const ATTACHMENT_TOKENS = 1_600;

const BYTES_PER_TOKEN = 4;

/**
 * Tokens of a prompt: a token for every four bytes (UTF-8) of its texts, tools and answer schema, and four a message.
 *
 * @param dense every byte is a token: the most that a tokenizer can make of a text.
 */
export function promptTokens(request: ChatRequest, dense: boolean): number {
  const count = dense ? Buffer.byteLength : textTokens;
  const json = (value: unknown) => (value ? count(JSON.stringify(value)) : 0);
  const messages = request.messages.map((message) => {
    const attachments = Array.isArray(message.content)
      ? message.content.filter(({ type }) => type !== "text").length
      : 0;
    return (
      MESSAGE_TOKENS + count(textOf(message)) + json(message.tool_calls) + attachments * ATTACHMENT_TOKENS
    );
  });
  return messages.reduce((sum, tokens) => sum + tokens, json(request.tools) + json(request.response_format));
}

/** Tokens of an answer's text. */
export function textTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
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

/** A text in pieces of eight tokens or so, as a stream sends it. */
export function pieces(text: string): string[] {
  return text.match(/[\s\S]{1,32}/g) ?? [];
}
