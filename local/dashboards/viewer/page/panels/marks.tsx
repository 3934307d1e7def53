import { useTheme2, type UPlotConfigBuilder } from "@grafana/ui";
import { useEffect, useLayoutEffect, useRef } from "react";
import type uPlot from "uplot";
import { useMarks, type Mark } from "../annotations";

/** Draws the dashboard's annotations: a broken line where something began, a bar on the axis while it lasted. */
export function MarksOn({ config }: { config: UPlotConfigBuilder }): null {
  const { visualization } = useTheme2();
  const marks = useMarks();
  const shown = useRef(marks);
  const plot = useRef<uPlot>(undefined);
  shown.current = marks;
  useLayoutEffect(() => {
    config.addHook("init", (u) => (plot.current = u));
    config.addHook("draw", (u) => {
      for (const mark of shown.current) draw(u, mark, visualization.getColorByName(mark.color));
    });
  }, [config, visualization]);
  useEffect(() => plot.current?.redraw(), [marks]);
  return null;
}

function draw(u: uPlot, { from, to }: Mark, color: string): void {
  const { left, top, width, height } = u.bbox;
  const ratio = devicePixelRatio;
  const x = (time: number) => Math.min(left + width, Math.max(left, u.valToPos(time, "x", true)));
  if (to < u.scales.x!.min! || from > u.scales.x!.max!) return;
  const { ctx } = u;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = color;
  ctx.lineWidth = ratio;
  ctx.setLineDash([5 * ratio, 5 * ratio]);
  if (from > u.scales.x!.min!) {
    ctx.beginPath();
    ctx.moveTo(x(from), top);
    ctx.lineTo(x(from), top + height);
    ctx.stroke();
  }
  // On the axis: the length of what lasted, a triangle for a moment.
  const foot = top + height;
  if (to > from) ctx.fillRect(x(from), foot, Math.max(ratio, x(to) - x(from)), 3 * ratio);
  else {
    ctx.beginPath();
    ctx.moveTo(x(from), foot - ratio);
    ctx.lineTo(x(from) - 4 * ratio, foot + 5 * ratio);
    ctx.lineTo(x(from) + 4 * ratio, foot + 5 * ratio);
    ctx.fill();
  }
  ctx.restore();
}
