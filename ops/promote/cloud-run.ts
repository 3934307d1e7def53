/** What a promotion reads and changes on Cloud Run. `google.ts` does it on Google Cloud, the tests on a stand-in. */
export interface CloudRun {
  /** The services of the environment that are Tollgate's, by their name in the catalogue. */
  services(): Promise<Map<string, RunningService>>;
  revision(service: string, revision: string): Promise<Revision>;
  /**
   * Shares a service's traffic out, in percent by revision.
   *
   * @throws ConflictError when the service was changed since `etag`.
   */
  setTraffic(service: string, percent: Record<string, number>, etag: string): Promise<void>;
  /**
   * Notes on a service who promotes it (an annotation), or removes the note.
   *
   * @throws ConflictError when the service was changed since `etag`.
   */
  setLock(service: string, id: string | undefined, etag: string): Promise<void>;
}

export interface RunningService {
  name: string;
  etag: string;
  /** The newest revision that became ready. */
  latestReady: string;
  /** The newest revision; another one than `latestReady` while it starts, or when it failed to. */
  latestCreated: string;
  ready: boolean;
  /** Why it is not ready. */
  reason?: string;
  /** Percent by revision, of what is served now. */
  traffic: Record<string, number>;
  /** The promotion that holds the service. */
  lock?: string;
}

export interface Revision {
  name: string;
  ready: boolean;
  reason?: string;
  /** `sha256:...` of its containers' images, by the image's name (the last part of its path). */
  digests: Record<string, string>;
  /** Hashes of the configuration folders that it mounts, by folder. */
  configuration: Record<string, string>;
}

/** Somebody else changed the service at the same time. */
export class ConflictError extends Error {}
