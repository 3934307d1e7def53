import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument, type Document } from "yaml";
import type { OwnImageName } from "../../catalogue/images";
import { configIn } from "../../infra/plan/stack-file";
import { writeWhole } from "./write-whole";

/** What a promotion sets in a stack's file. */
export interface Release {
  images: Partial<Record<OwnImageName, string>>;
  /** Hash of the definitions that the digests were proven with. */
  definitionsHash?: string;
}

const IMAGES = "tollgate:images";
const HASH = "tollgate:definitionsHash";
/** Revisions that keep all traffic while an update makes new ones. */
const SERVING = "tollgate:serving";

/** `Pulumi.<stack>.yaml`: read and written in place, comments kept. */
export class StackFile {
  readonly path: string;

  constructor(stack: string, root: string) {
    this.path = join(root, `Pulumi.${stack}.yaml`);
  }

  /** The file's `config:` block as it would be with another release; nothing is written. */
  configWith(release: Release): Record<string, unknown> {
    const document = this.read();
    setRelease(document, release);
    return configIn(document.toString(), this.path);
  }

  config(): Record<string, unknown> {
    return configIn(readFileSync(this.path, "utf8"), this.path);
  }

  release(): Release {
    const config = this.config();
    const images = (config[IMAGES] ?? {}) as Release["images"];
    const hash = config[HASH] as string | undefined;
    return { images, ...(hash ? { definitionsHash: hash } : {}) };
  }

  writeRelease(release: Release): void {
    this.change((document) => setRelease(document, release));
  }

  /** Keeps all traffic at some revisions, by service; none lets the newest have it. */
  writeServing(revisions: Record<string, string> | undefined): void {
    this.change((document) => set(document, SERVING, revisions));
  }

  private change(edit: (document: Document) => void): void {
    const document = this.read();
    edit(document);
    writeWhole(this.path, document.toString({ lineWidth: 0 }));
  }

  private read(): Document {
    const text = readFileSync(this.path, "utf8");
    configIn(text, this.path);
    return parseDocument(text);
  }
}

function setRelease(document: Document, { images, definitionsHash }: Release): void {
  set(document, IMAGES, Object.keys(images).length > 0 ? images : undefined);
  set(document, HASH, definitionsHash);
}

function set(document: Document, key: string, value: unknown): void {
  if (value === undefined) document.deleteIn(["config", key]);
  else document.setIn(["config", key], document.createNode(value));
}
