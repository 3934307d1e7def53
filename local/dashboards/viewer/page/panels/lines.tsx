import { css } from "@emotion/css";
import { dateTimeFormat, type GrafanaTheme2 } from "@grafana/data";
import { useStyles2 } from "@grafana/ui";
import type { JSX } from "react";
import type { PanelProps } from "../panel";

const SHOWN = 200;
const COLORS: Record<string, string> = {
  fatal: "purple",
  error: "red",
  warn: "orange",
  info: "green",
  debug: "blue",
};

/** Log lines, newest first; a click shows a line's fields. */
export function Lines({ frames, width, height }: PanelProps): JSX.Element {
  const styles = useStyles2(stylesOf);
  const valuesOf = (name: string) => frames[0]?.fields.find((field) => field.name === name)?.values ?? [];
  const [times, bodies, levels, labels] = ["timestamp", "body", "severity", "labels"].map(valuesOf);
  return (
    <div className={styles.lines} style={{ width, height }}>
      {bodies.slice(0, SHOWN).map((body: string, i: number) => (
        <details key={i} className={styles.line}>
          <summary className={styles.summary}>
            <span className={styles.level} data-level={COLORS[levels[i] as string] ? levels[i] : "unknown"} />
            <time className={styles.time}>
              {dateTimeFormat(times[i] as number, { format: "MM-DD HH:mm:ss.SSS", timeZone: "utc" })}
            </time>
            <span className={styles.body}>{body}</span>
          </summary>
          <table className={styles.fields}>
            <tbody>
              {Object.entries(labels[i] as Record<string, string>).map(([name, value]) => (
                <tr key={name}>
                  <th>{name}</th>
                  <td>{value}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </details>
      ))}
    </div>
  );
}

function stylesOf(theme: GrafanaTheme2) {
  const levels = Object.entries(COLORS).map(([level, color]) => [
    `&[data-level="${level}"]`,
    { background: theme.visualization.getColorByName(color) },
  ]);
  return {
    lines: css({ overflow: "auto", fontFamily: theme.typography.fontFamilyMonospace, fontSize: 12 }),
    line: css({ lineHeight: 1.6 }),
    summary: css({
      display: "flex",
      gap: 8,
      cursor: "pointer",
      listStyle: "none",
      "&:hover": { background: theme.colors.action.hover },
    }),
    level: css({
      width: 3,
      flexShrink: 0,
      background: theme.colors.text.disabled,
      ...Object.fromEntries(levels),
    }),
    time: css({ color: theme.colors.text.secondary, whiteSpace: "nowrap" }),
    body: css({ overflowWrap: "anywhere" }),
    fields: css({
      margin: "4px 0 8px 12px",
      "th, td": { padding: "0 12px 0 0", textAlign: "left", verticalAlign: "top", overflowWrap: "anywhere" },
      th: { color: theme.colors.text.secondary, fontWeight: "normal" },
    }),
  };
}
