import { FieldType, getFieldDisplayName, type DataFrame } from "@grafana/data";
import { createContext, useContext, useEffect, useState } from "react";
import { ask, type Asked, type Dashboard } from "./api";

/** Something that happened at a time or for a while; milliseconds since 1970. */
export interface Mark {
  from: number;
  to: number;
  text: string;
  /** A colour's name in Grafana's palette. */
  color: string;
}

/** What every graph of the dashboard marks. */
export const Marks = createContext<Mark[]>([]);

export const useMarks = (): Mark[] => useContext(Marks);

/** The dashboard's annotations in the time range; none where their source does not answer. */
export function useAnnotations({ annotations }: Dashboard, asked: Asked): Mark[] {
  const [marks, setMarks] = useState<Mark[]>([]);
  useEffect(() => {
    let isCurrent = true;
    const each = annotations.list.map(({ target, datasource, iconColor }) =>
      ask([{ ...target, datasource }], asked, 500)
        .then((frames) => frames.flatMap((frame) => marksOf(frame, frames, iconColor)))
        .catch(() => []),
    );
    void Promise.all(each).then((found) => isCurrent && setMarks(found.flat()));
    return () => {
      isCurrent = false;
    };
  }, [annotations, asked]);
  return marks;
}

/** A mark a row where a column says what it is, otherwise one a stretch of a series. */
function marksOf(frame: DataFrame, all: DataFrame[], color: string): Mark[] {
  const times = (frame.fields.find(({ type }) => type === FieldType.time)?.values ?? []) as number[];
  const texts = frame.fields.find(({ name }) => name === "text")?.values as string[] | undefined;
  if (texts) return times.map((time, i) => ({ from: time, to: time, text: texts[i]!, color }));
  const value = frame.fields.find(({ type }) => type === FieldType.number);
  if (!value) return [];
  const { severity = "", service = "", customer_id: customer = "" } = value.labels ?? {};
  const of = [severity, service, customer].filter(Boolean).join(" ");
  const text = [getFieldDisplayName(value, frame, all), of].filter(Boolean).join(": ");
  const step = Math.min(...times.slice(1).map((time, i) => time - times[i]!));
  const marks: Mark[] = [];
  times.forEach((time, i) => {
    if (!value.values[i]) return;
    const last = marks.at(-1);
    if (last && time - last.to <= 1.5 * step) last.to = time;
    else marks.push({ from: time, to: time, text, color });
  });
  return marks;
}
