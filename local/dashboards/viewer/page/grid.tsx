import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { useStyles2 } from "@grafana/ui";
import { useEffect, useState, type JSX } from "react";
import { Marks, useAnnotations } from "./annotations";
import type { Asked, Dashboard } from "./api";
import { Panel } from "./panel";

const COLUMNS = 24;
const ROW = 30;
const GAP = 8;
const MARGIN = 16;

/** Panels where the dashboard's JSON puts them, on Grafana's grid of 24 columns and rows of 30 pixels. */
export function Grid({ dashboard, asked }: { dashboard: Dashboard; asked: Asked }): JSX.Element {
  const styles = useStyles2(stylesOf);
  const marks = useAnnotations(dashboard, asked);
  const [width, setWidth] = useState(document.documentElement.clientWidth);
  useEffect(() => {
    const measure = () => setWidth(document.documentElement.clientWidth);
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, []);
  const column = (width - 2 * MARGIN + GAP) / COLUMNS;
  const place = ({ x, y, w, h }: Dashboard["panels"][0]["gridPos"]) => ({
    left: MARGIN + Math.round(x * column),
    top: y * (ROW + GAP),
    width: Math.round(w * column) - GAP,
    height: h * (ROW + GAP) - GAP,
  });
  const end = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  return (
    <Marks.Provider value={marks}>
      <main style={{ position: "relative", height: end * (ROW + GAP) + MARGIN }}>
        {dashboard.panels.map((panel) => {
          const { left, top, width: wide, height } = place(panel.gridPos);
          return (
            <div key={panel.id} style={{ position: "absolute", left, top, width: wide, height }}>
              {panel.type === "row" ? (
                <h2 className={styles.row}>{panel.title}</h2>
              ) : (
                <Panel panel={panel} asked={asked} width={wide} height={height} />
              )}
            </div>
          );
        })}
      </main>
    </Marks.Provider>
  );
}

function stylesOf(theme: GrafanaTheme2) {
  return { row: css({ ...theme.typography.h5, margin: 0, lineHeight: `${ROW}px` }) };
}
