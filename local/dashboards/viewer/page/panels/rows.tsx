import { dateTime } from "@grafana/data";
import { TableCellHeight } from "@grafana/schema";
import { TableNG } from "@grafana/ui/unstable";
import type { JSX } from "react";
import type { PanelProps } from "../panel";

/** Rows and columns. */
export function Rows({ panel, frames, asked, width, height }: PanelProps): JSX.Element {
  const from = dateTime(asked.from);
  const to = dateTime(asked.to);
  return (
    <TableNG
      data={frames[0]}
      width={width}
      height={height}
      noHeader={false}
      cellHeight={TableCellHeight.Sm}
      fieldConfig={panel.fieldConfig}
      timeRange={{ from, to, raw: { from, to } }}
      noValue={panel.fieldConfig.defaults.noValue}
      enableVirtualization
      columnMinWidth={80}
      transparent={false}
    />
  );
}
