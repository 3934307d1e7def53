import { formattedValueToString, type DisplayValue, type FieldDisplay } from "@grafana/data";
import { LegendDisplayMode } from "@grafana/schema";
import { useTheme2, VizLegend } from "@grafana/ui";
import type { JSX } from "react";

interface Props {
  values: FieldDisplay[];
  width: number;
  height: number;
  /** Pixels of the legend at the right. */
  legend: number;
}

/** Pixels that a legend takes of a panel. */
export const legendWidth = (width: number): number => Math.min(340, Math.round(width * 0.66));

/** Shares of a whole as a ring, with their values in a legend next to it. */
export function Donut({ values, width, height, legend }: Props): JSX.Element {
  const theme = useTheme2();
  const shown = values.filter(({ display }) => display.numeric > 0);
  const total = shown.reduce((sum, { display }) => sum + display.numeric, 0);
  const room = width - legend - 12;
  const radius = Math.max(10, Math.min(room, height) / 2 - 4);
  let at = 0;
  const slices = shown.map(({ display }) => {
    const from = at;
    at += display.numeric / total;
    return { display, from, to: at };
  });
  return (
    <div style={{ display: "flex", width, height, gap: 12, alignItems: "center" }}>
      <svg width={room} height={height} role="img" aria-label="shares">
        {slices.map(({ display, from, to }) => (
          <path
            key={display.title}
            d={slice(room / 2, height / 2, radius, radius * 0.6, from, to)}
            fill={display.color}
            stroke={theme.colors.background.primary}
          >
            <title>{`${display.title}: ${formattedValueToString(display)}`}</title>
          </path>
        ))}
      </svg>
      <div style={{ width: legend, maxHeight: height, overflow: "auto" }}>
        <VizLegend
          displayMode={LegendDisplayMode.Table}
          placement="right"
          items={slices.map(({ display, from, to }) => ({
            label: display.title ?? "",
            color: display.color ?? theme.colors.text.primary,
            yAxis: 1,
            getItemKey: () => display.title ?? "",
            getDisplayValues: (): DisplayValue[] => [
              { ...display, title: "Value" },
              { numeric: to - from, text: `${Math.round((to - from) * 100)}%`, title: "Percent" },
            ],
          }))}
        />
      </div>
    </div>
  );
}

function slice(x: number, y: number, outer: number, inner: number, from: number, to: number): string {
  // A whole ring has no two ends: an arc from a point to itself draws nothing.
  const end = Math.min(to, from + 0.99999);
  const point = (radius: number, share: number) =>
    `${x + radius * Math.sin(share * 2 * Math.PI)} ${y - radius * Math.cos(share * 2 * Math.PI)}`;
  const isLarge = end - from > 0.5 ? 1 : 0;
  return [
    `M ${point(outer, from)} A ${outer} ${outer} 0 ${isLarge} 1 ${point(outer, end)}`,
    `L ${point(inner, end)} A ${inner} ${inner} 0 ${isLarge} 0 ${point(inner, from)} Z`,
  ].join(" ");
}
