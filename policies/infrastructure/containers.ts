import type { Props } from "../rule";
import { RUN_JOB } from "./types";

export interface Container extends Props {
  name?: string;
  image?: string;
  envs?: { name: string; value?: string; valueSource?: Props }[];
  resources?: { limits?: Record<string, string> };
}

/** The containers of a Cloud Run service or job, sidecars included. */
export function containersOf(props: Props, type: string): Container[] {
  const template = type === RUN_JOB ? props.template?.template : props.template;
  return template?.containers ?? [];
}

/** The volumes of a Cloud Run service or job. */
export function volumesOf(props: Props, type: string): Props[] {
  const template = type === RUN_JOB ? props.template?.template : props.template;
  return template?.volumes ?? [];
}
