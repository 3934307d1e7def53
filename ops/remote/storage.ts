import { callGoogleForText, GoogleApiError } from "./google-api";

/** Google's own clients take a stand-in's address from this variable too. */
const STORAGE = process.env.STORAGE_EMULATOR_HOST ?? "https://storage.googleapis.com";

/** Objects of Cloud Storage, by its JSON API v1. */
export class StorageObjects {
  constructor(private readonly url = STORAGE) {}

  /** Writes an object that is not there yet. */
  async create(bucket: string, name: string, text: string): Promise<void> {
    const query = new URLSearchParams({ uploadType: "media", name });
    const url = `${this.url}/upload/storage/v1/b/${bucket}/o?${query}`;
    await callGoogleForText(url, { method: "POST", body: text });
  }

  /** The object's text, or `undefined` when there is none of that name. */
  async read(bucket: string, name: string): Promise<string | undefined> {
    try {
      return await callGoogleForText(
        `${this.url}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`,
      );
    } catch (error) {
      if (error instanceof GoogleApiError && error.status === 404) return undefined;
      throw error;
    }
  }
}
