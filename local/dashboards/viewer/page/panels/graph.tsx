import { dateTime, FieldType, type TimeRange } from "@grafana/data";
import { LegendDisplayMode, type VizLegendOptions } from "@grafana/schema";
import { TimeSeries } from "@grafana/ui";
import type { JSX } from "react";
import type { PanelProps } from "../panel";
import { Hover } from "./hover";
import { MarksOn } from "./marks";

/** Lines or bars over time. */
export function Graph({ panel, frames, asked, width, height }: PanelProps): JSX.Element {
  const from = dateTime(asked.from);
  const to = dateTime(asked.to);
  const range: TimeRange = { from, to, raw: { from, to } };
  const { legend } = panel.options as unknown as { legend?: VizLegendOptions };
  const series = frames.filter(({ fields }) => fields.some(({ type }) => type === FieldType.number));
  return (
    <TimeSeries
      frames={series}
      width={width}
      height={height}
      timeRange={range}
      timeZone="utc"
      legend={
        legend ?? { showLegend: true, displayMode: LegendDisplayMode.List, placement: "bottom", calcs: [] }
      }
    >
      {(config, frame) => (
        <>
          <MarksOn config={config} />
          <Hover config={config} frame={frame} />
        </>
      )}
    </TimeSeries>
  );
}
