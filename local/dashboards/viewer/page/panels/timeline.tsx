import { dateTimeFormat, FieldType, formattedValueToString, getFieldDisplayName } from "@grafana/data";
import { measureText, useTheme2 } from "@grafana/ui";
import type { JSX } from "react";
import type { PanelProps } from "../panel";

/** Pixels: of the axis, of the texts. */
const [AXIS, FONT] = [22, 12];

/** States over time, a row a series, coloured by the thresholds; nothing is drawn where nothing was measured. */
export function Timeline({ frames, asked, width, height }: PanelProps): JSX.Element {
  const theme = useTheme2();
  const rows = frames.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time);
    const value = frame.fields.find(({ type }) => type === FieldType.number);
    if (!time || !value) return [];
    return [{ name: getFieldDisplayName(value, frame, frames), times: time.values as number[], value }];
  });
  const longest = Math.max(0, ...rows.map(({ name }) => measureText(name, FONT).width));
  const names = Math.min(width / 3, 12 + longest);
  const rowHeight = Math.min(60, (height - AXIS) / Math.max(1, rows.length));
  const x = (time: number) => names + ((time - asked.from) / (asked.to - asked.from)) * (width - names);
  return (
    <svg
      width={width}
      height={height}
      fontSize={FONT}
      fill={theme.colors.text.secondary}
      role="img"
      aria-label="states over time"
    >
      {rows.map(({ name, times, value }, row) => (
        <g key={name} transform={`translate(0 ${row * rowHeight})`}>
          <text x={names - 8} y={rowHeight / 2 + 4} textAnchor="end">
            {name}
          </text>
          {spansOf(times, value.values as (number | null)[], (number) => value.display!(number).color).map(
            ({ from, to, value: number }) => {
              const display = value.display!(number);
              return (
                <rect
                  key={from}
                  x={x(Math.max(from, asked.from))}
                  y={rowHeight * 0.12}
                  width={Math.max(1, x(to) - x(Math.max(from, asked.from)))}
                  height={rowHeight * 0.76}
                  fill={display.color}
                  fillOpacity={0.7}
                >
                  <title>{`${name}: ${formattedValueToString(display)}`}</title>
                </rect>
              );
            },
          )}
        </g>
      ))}
      {ticksOf(asked.from, asked.to, (width - names) / 90).map(({ time, label }) => (
        <text key={time} x={x(time)} y={height - 6} textAnchor="middle">
          {label}
        </text>
      ))}
    </svg>
  );
}

interface Span {
  from: number;
  to: number;
  /** The first. */
  value: number;
}

/** Stretches of the same state; a step without a value ends a stretch. */
function spansOf(
  times: number[],
  values: (number | null)[],
  stateOf: (value: number) => string | undefined,
): Span[] {
  const step = times.length > 1 ? Math.min(...times.slice(1).map((time, i) => time - times[i])) : 15_000;
  const spans: Span[] = [];
  times.forEach((time, i) => {
    const value = values[i];
    const last = spans.at(-1);
    if (value === null || Number.isNaN(value)) return;
    if (last && last.to === time && stateOf(last.value) === stateOf(value)) last.to = time + step;
    else spans.push({ from: time, to: time + step, value });
  });
  return spans;
}

const STEPS = [
  60, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000,
];

function ticksOf(from: number, to: number, count: number): { time: number; label: string }[] {
  const step = (STEPS.find((seconds) => (to - from) / 1000 / seconds <= count) ?? STEPS.at(-1)!) * 1000;
  const format = step >= 86_400_000 ? "MM/DD" : "HH:mm";
  const first = Math.ceil(from / step) * step;
  const ticks = Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, i) => first + i * step);
  return ticks
    .filter((time) => time - from > step / 4 && to - time > step / 4)
    .map((time) => ({ time, label: dateTimeFormat(time, { format, timeZone: "utc" }) }));
}
