import { dateTimeFormat, type DataFrame } from "@grafana/data";
import { SortOrder, TooltipDisplayMode } from "@grafana/schema";
import {
  getFieldDisplayItems,
  TooltipPlugin2,
  useTheme2,
  VizTooltipContent,
  VizTooltipHeader,
  VizTooltipWrapper,
  type UPlotConfigBuilder,
} from "@grafana/ui";
import type { ComponentProps, JSX } from "react";
import { useMarks } from "../annotations";

/** Every series at the mouse's time: the enumeration has no values at run time. */
const ALL_SERIES: ComponentProps<typeof TooltipPlugin2>["hoverMode"] = 1;
/** Pixels from a mark within which the mouse is on it. */
const NEAR = 6;
/** Of what happened then: many customers may cross thresholds in the same minute. */
const MOST = 3;

/** The values under the mouse, and what happened then. */
export function Hover({ config, frame }: { config: UPlotConfigBuilder; frame: DataFrame }): JSX.Element {
  const marks = useMarks();
  const { visualization } = useTheme2();
  const [time] = frame.fields;
  return (
    <TooltipPlugin2
      config={config}
      hoverMode={ALL_SERIES}
      render={(plot, indices, series, isPinned) => {
        const at = time!.values[indices[0] ?? 0] as number;
        const near = plot.posToVal(NEAR, "x") - plot.posToVal(0, "x");
        const happened = marks.filter(({ from, to }) => at >= from - near && at <= to + near);
        const others = happened.length - MOST;
        const values = getFieldDisplayItems(
          frame.fields,
          time!,
          indices,
          series,
          TooltipDisplayMode.Multi,
          SortOrder.None,
        );
        return (
          <VizTooltipWrapper>
            <VizTooltipHeader
              item={{
                label: "",
                value: dateTimeFormat(at, { format: "YYYY-MM-DD HH:mm:ss", timeZone: "utc" }),
              }}
              isPinned={isPinned}
            />
            <VizTooltipContent
              items={[
                ...values,
                ...happened.slice(0, MOST).map(({ text, color }) => ({
                  label: text,
                  value: "",
                  color: visualization.getColorByName(color),
                })),
                ...(others > 0 ? [{ label: `and ${others} more`, value: "" }] : []),
              ]}
              isPinned={isPinned}
            />
          </VizTooltipWrapper>
        );
      }}
    />
  );
}
