import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { imageSize } from "image-size";
import type { PublicModel } from "./prices";
import { ApiError } from "./api-error";

/** An image or a document in a request, as its wire names it. */
export interface SentFile {
  mediaType: string;
  base64: string;
  /** Vertex AI's resolution level. */
  level?: string;
}

/** A file as it is billed: its tokens, and its content's digest. */
export interface BilledFile {
  tokens: number;
  digest: string;
}

const PDF = "application/pdf";

/** What each provider documents that it takes; the words of the refusals are not verified. */
const LIMITS = {
  anthropic: {
    types: ["image/jpeg", "image/png", "image/gif", "image/webp", PDF],
    pixels: 8_000,
    encodedImageBytes: 5 * 1024 * 1024,
    fileBytes: Infinity,
    images: (model: PublicModel) => (model.maxPromptTokens > 200_000 ? 600 : 100),
    pages: (model: PublicModel) => (model.maxPromptTokens > 200_000 ? 600 : 100),
  },
  google: {
    types: ["image/jpeg", "image/png", "image/webp", "image/heic", "image/heif", PDF],
    pixels: Infinity,
    encodedImageBytes: Infinity,
    fileBytes: 7 * 1024 * 1024,
    images: () => 900,
    pages: () => 900,
  },
};

/** Pixels and tokens to which Anthropic scales an image down. */
const CLAUDE = { recent: { edge: 2_576, tokens: 4_784 }, older: { edge: 1_568, tokens: 1_600 } };
const PATCH = 28;

/** Tokens of an image, and of a page, at Gemini 3 by its resolution. */
const GEMINI = {
  image: { LOW: 280, MEDIUM: 560, HIGH: 1_120, ULTRA_HIGH: 2_240 },
  page: { LOW: 280, MEDIUM: 560, HIGH: 1_120, ULTRA_HIGH: 2_240 },
};

const invalid = (message: string) => new ApiError(400, message);

/** The tokens of a request's files at a model. @throws ApiError as its provider refuses one. */
export function billFiles(model: PublicModel, files: SentFile[]): BilledFile[] {
  const limits = LIMITS[model.provider];
  const read = files.map((file) => readFile(model, file));
  const images = read.filter(({ pages }) => pages === 0);
  const pages = read.reduce((sum, each) => sum + each.pages, 0);
  if (images.length > limits.images(model)) throw invalid(`Too many images: ${images.length}`);
  if (pages > limits.pages(model)) {
    throw invalid(`A maximum of ${limits.pages(model)} PDF pages may be provided.`);
  }
  if (model.provider === "anthropic" && images.length > 20 && images.some(({ edge }) => edge > 2_000)) {
    throw invalid(
      "At least one of the image dimensions exceed max allowed size for many-image requests: 2000 pixels",
    );
  }
  return read;
}

function readFile(model: PublicModel, file: SentFile): BilledFile & { pages: number; edge: number } {
  const { mediaType, base64 } = file;
  const limits = LIMITS[model.provider];
  if (!limits.types.includes(mediaType)) {
    throw invalid(`Unable to submit request because it has a mimeType parameter with value ${mediaType}.`);
  }
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length > limits.fileBytes) throw invalid(`The file of ${bytes.length} bytes is too large.`);
  const digest = createHash("sha256").update(bytes).digest("base64");
  if (mediaType === PDF) return { ...readPdf(model, file, bytes), digest, edge: 0 };
  if (base64.length > limits.encodedImageBytes) {
    throw invalid(`image exceeds 5 MB maximum: ${base64.length} bytes > ${limits.encodedImageBytes} bytes`);
  }
  const { width, height } = sizeOf(bytes, mediaType);
  if (Math.max(width, height) > limits.pixels) {
    throw invalid("At least one of the image dimensions exceed max allowed size: 8000 pixels");
  }
  return {
    tokens: imageTokens(model, width, height, file.level),
    digest,
    pages: 0,
    edge: Math.max(width, height),
  };
}

function sizeOf(bytes: Buffer, mediaType: string): { width: number; height: number } {
  try {
    const { width, height, type } = imageSize(bytes);
    const real = `image/${type === "jpg" ? "jpeg" : type}`;
    if (real !== mediaType) {
      throw invalid(`Image does not match the provided media type ${mediaType}: it is ${real}`);
    }
    return { width, height };
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw invalid("Could not process image");
  }
}

function imageTokens(model: PublicModel, width: number, height: number, level: string | undefined): number {
  if (model.provider === "google") return GEMINI.image[resolution(level) ?? "HIGH"];
  const { edge, tokens } = model.maxPromptTokens > 200_000 ? CLAUDE.recent : CLAUDE.older;
  const scale = Math.min(
    1,
    edge / Math.max(width, height),
    Math.sqrt((tokens * PATCH * PATCH) / (width * height)),
  );
  const patches = (side: number) => Math.ceil(Math.max(1, side * scale) / PATCH);
  return Math.min(tokens, patches(width) * patches(height));
}

function resolution(level: string | undefined): keyof typeof GEMINI.image | undefined {
  const name = level?.replace(/^MEDIA_RESOLUTION_/, "");
  return name !== undefined && name in GEMINI.image ? (name as keyof typeof GEMINI.image) : undefined;
}

/** Each page is read as an image and as text. */
function readPdf(model: PublicModel, { level }: SentFile, bytes: Buffer): { tokens: number; pages: number } {
  const source = bytes.toString("latin1");
  const pages = source.match(/\/Type\s*\/Page(?!s)/g)?.length ?? 0;
  if (!source.startsWith("%PDF-") || pages === 0) throw invalid("The PDF specified was not valid.");
  if (/\/Encrypt\b/.test(source)) throw invalid("The PDF specified is password protected.");
  const text = Math.ceil(textOf(source).length / 4);
  const page =
    model.provider === "google"
      ? GEMINI.page[resolution(level) ?? "MEDIUM"]
      : imageTokens(model, 1_224, 1_584, level);
  return { tokens: pages * page + text, pages };
}

/** What the content streams of a PDF show, in its simplest form: `(text) Tj`. */
function textOf(source: string): string {
  const streams = [...source.matchAll(/<<([^]*?)>>\s*stream\r?\n([^]*?)\r?\nendstream/g)].map(
    ([, dictionary = "", data = ""]) => {
      if (!dictionary.includes("/FlateDecode")) return data;
      try {
        return inflateSync(Buffer.from(data, "latin1")).toString("latin1");
      } catch {
        return "";
      }
    },
  );
  return streams
    .flatMap((stream) => [...stream.matchAll(/\(((?:[^()\\]|\\.)*)\)\s*Tj/g)].map(([, text]) => text))
    .join(" ");
}

/** The file of a data URL; undefined where it is another address. */
export function fileOfUrl(url: string): SentFile | undefined {
  const found = /^data:([\w/.+-]+);base64,([A-Za-z0-9+/=]*)$/.exec(url);
  return found ? { mediaType: found[1]!, base64: found[2]! } : undefined;
}
