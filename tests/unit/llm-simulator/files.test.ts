import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI, type Part } from "@google/genai";
import { OAuth2Client } from "google-auth-library";
import OpenAI from "openai";
import { ANTHROPIC_KEY } from "../../../simulator/anthropic/read";
import { pdf, png } from "../../support/files";
import { accessToken, useSimulator } from "./support";

const sim = useSimulator();

let google: GoogleGenAI;
beforeAll(async () => {
  const authClient = new OAuth2Client();
  authClient.setCredentials({
    access_token: await accessToken(sim.simulator.url),
    expiry_date: Date.now() + 3_600_000,
  });
  google = new GoogleGenAI({
    vertexai: true,
    project: "p",
    location: "global",
    googleAuthOptions: { authClient },
    httpOptions: { baseUrl: sim.simulator.url, fetch },
  });
});

type File = { mediaType: string; data: string };
const image = (width: number, height: number): File => ({ mediaType: "image/png", data: png(width, height) });
const paper = (pages: number, text: string): File => ({
  mediaType: "application/pdf",
  data: pdf(pages, text),
});

/** The tokens that the files add to a prompt, on each wire, as the answer reports them. */
const WIRES = {
  async anthropic(model: string, files: File[]) {
    const client = new Anthropic({ baseURL: sim.simulator.url, apiKey: ANTHROPIC_KEY, maxRetries: 0 });
    const content = [
      ...files.map(({ mediaType, data }) => ({
        type: mediaType === "application/pdf" ? "document" : "image",
        source: { type: "base64", media_type: mediaType, data },
      })),
      { type: "text", text: "x" },
    ] as Anthropic.ContentBlockParam[];
    const { usage } = await client.messages.create({
      model,
      max_tokens: 9,
      messages: [{ role: "user", content }],
    });
    const messages = [{ role: "user" as const, content }];
    const { input_tokens } = await client.messages.countTokens({ model, messages });
    expect(usage.input_tokens + (usage.cache_read_input_tokens ?? 0)).toBe(input_tokens);
    return input_tokens - 5;
  },
  async vertex(model: string, files: File[]) {
    const parts: Part[] = [
      ...files.map(({ mediaType, data }) => ({ inlineData: { mimeType: mediaType, data } })),
      { text: "x" },
    ];
    const contents = [{ role: "user", parts }];
    const { usageMetadata } = await google.models.generateContent({ model, contents });
    const { totalTokens } = await google.models.countTokens({ model, contents });
    expect(usageMetadata?.promptTokenCount).toBe(totalTokens);
    return totalTokens! - 5;
  },
  async openai(model: string, files: File[]) {
    const client = new OpenAI({ baseURL: `${sim.simulator.url}/v1`, apiKey: "key", maxRetries: 0 });
    const content = [
      ...files.map(({ mediaType, data }) => {
        const url = `data:${mediaType};base64,${data}`;
        return mediaType === "application/pdf"
          ? { type: "file", file: { filename: "a.pdf", file_data: url } }
          : { type: "image_url", image_url: { url } };
      }),
      { type: "text", text: "x" },
    ] as OpenAI.ChatCompletionContentPart[];
    const { usage } = await client.chat.completions.create({ model, messages: [{ role: "user", content }] });
    return usage!.prompt_tokens - 5;
  },
};

const CLAUDE = "claude-sonnet-5-5";
const HAIKU = "claude-haiku-4-5";
const GEMINI = "gemini-3.8-flash";

// The patches are those of the providers' pages; a page of a PDF at Claude is 44 x 57 of them, its text four bytes a token.
test.each<[keyof typeof WIRES, string, File[], number]>([
  ["anthropic", CLAUDE, [image(1_024, 1_024)], 37 * 37],
  ["anthropic", CLAUDE, [image(1_920, 1_080)], 69 * 39],
  ["anthropic", HAIKU, [image(280, 28)], 10],
  ["anthropic", CLAUDE, [paper(2, "12345678")], 2 * 44 * 57 + Math.ceil((8 + 1 + 8) / 4)],
  ["vertex", GEMINI, [image(1, 1), image(4_000, 3_000)], 2 * 1_120],
  ["vertex", GEMINI, [paper(3, "")], 3 * 560 + 1],
  ["openai", CLAUDE, [image(1_024, 1_024)], 37 * 37],
  ["openai", GEMINI, [image(9, 9), paper(1, "")], 1_120 + 560],
])("the %s wire bills files of %s by their content", async (wire, model, files, tokens) => {
  expect(await WIRES[wire](model, files)).toBe(tokens);
});

test.each([
  [CLAUDE, 4_784],
  [HAIKU, 1_600],
])("%s makes no more of an image than its most", async (model, most) => {
  const tokens = await WIRES.anthropic(model, [image(4_000, 4_000)]);
  expect(tokens).toBeLessThanOrEqual(most);
  expect(tokens).toBeGreaterThan(0.9 * most);
});

const gif = {
  mediaType: "image/gif",
  data: Buffer.from("GIF89a\x01\0\x01\0\0\0\0;", "latin1").toString("base64"),
};
const broken = { mediaType: "application/pdf", data: Buffer.from("%PDF-1.4 nothing").toString("base64") };
test.each<[string, keyof typeof WIRES, string, File[], RegExp]>([
  [
    "another type than it says",
    "anthropic",
    CLAUDE,
    [{ ...image(9, 9), mediaType: "image/jpeg" }],
    /media type/,
  ],
  ["a GIF", "vertex", GEMINI, [gif], /mimeType/],
  ["more pixels than it takes", "anthropic", CLAUDE, [image(8_001, 1)], /8000/],
  ["many images that are large", "anthropic", CLAUDE, Array<File>(21).fill(image(2_001, 1)), /2000/],
  ["too many images", "anthropic", HAIKU, Array<File>(101).fill(image(1, 1)), /Too many/],
  ["too many pages", "anthropic", HAIKU, [paper(101, "")], /100 PDF pages/],
  ["a broken PDF", "anthropic", CLAUDE, [broken], /PDF/],
  ["no image", "anthropic", CLAUDE, [{ mediaType: "image/png", data: "AAAA" }], /process|type/],
  ["a video", "vertex", GEMINI, [{ mediaType: "video/mp4", data: "AAAA" }], /mimeType/],
  ["a text as a document", "anthropic", CLAUDE, [{ mediaType: "text/html", data: "AAAA" }], /./],
])("a file that is %s is refused by the %s wire", async (_, wire, model, files, message) => {
  await expect(WIRES[wire](model, files)).rejects.toThrow(message);
});

test("addresses are refused: nothing is fetched", async () => {
  const openai = new OpenAI({ baseURL: `${sim.simulator.url}/v1`, apiKey: "key", maxRetries: 0 });
  const part = { type: "image_url" as const, image_url: { url: "https://example.com/a.png" } };
  const messages = [{ role: "user" as const, content: [part] }];
  await expect(openai.chat.completions.create({ model: CLAUDE, messages })).rejects.toThrow(/data URL/);
  const contents = [
    { role: "user", parts: [{ fileData: { fileUri: "gs://b/a.png", mimeType: "image/png" } }] },
  ];
  await expect(google.models.generateContent({ model: GEMINI, contents })).rejects.toThrow(/Cannot fetch/);
});
