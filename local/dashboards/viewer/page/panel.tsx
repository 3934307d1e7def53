import { FieldType, LoadingState, type DataFrame } from "@grafana/data";
import { ErrorBoundaryAlert, PanelChrome, useTheme2 } from "@grafana/ui";
import { useEffect, useMemo, useState, type ComponentType, type JSX } from "react";
import { ask, secondsOf, type Asked, type Panel as PanelJson } from "./api";
import { withOptions } from "./fields";
import { Graph } from "./panels/graph";
import { Lines } from "./panels/lines";
import { Bars, Gauges, Pie, Stats } from "./panels/numbers";
import { Rows } from "./panels/rows";
import { Text } from "./panels/text";
import { Timeline } from "./panels/timeline";
import { transformed } from "./transformations";

export interface PanelProps {
  panel: PanelJson;
  frames: DataFrame[];
  asked: Asked;
  width: number;
  height: number;
}

const KINDS: Record<string, ComponentType<PanelProps>> = {
  stat: Stats,
  timeseries: Graph,
  table: Rows,
  bargauge: Bars,
  gauge: Gauges,
  piechart: Pie,
  "state-timeline": Timeline,
  logs: Lines,
  text: Text,
};

type Answer = { frames?: DataFrame[]; error?: string };

/** A panel with its heading, asked anew whenever the time range or a variable changes. */
export function Panel({ panel, asked: ofDashboard, width, height }: Omit<PanelProps, "frames">): JSX.Element {
  const theme = useTheme2();
  const { timeFrom } = panel;
  const asked = useMemo(
    () => (timeFrom ? { ...ofDashboard, from: ofDashboard.to - secondsOf(timeFrom) * 1000 } : ofDashboard),
    [ofDashboard, timeFrom],
  );
  const [{ frames, error }, setAnswer] = useState<Answer>({});
  useEffect(() => {
    let isCurrent = true;
    ask(panel.targets ?? [], asked, Math.max(50, Math.round(width / 2)))
      .then((answer) => transformed(answer, panel.transformations))
      .then((answer) => isCurrent && setAnswer({ frames: answer }))
      .catch((failure: Error) => isCurrent && setAnswer({ error: failure.message }));
    return () => {
      isCurrent = false;
    };
  }, [panel, asked, width]);
  const shown = useMemo(
    () => frames && withOptions(frames, panel.fieldConfig, theme),
    [frames, panel, theme],
  );
  const asks = (panel.targets ?? []).length > 0;
  const state = error ? "error" : !shown ? "loading" : asks && isEmpty(shown) ? "empty" : "data";
  return (
    <section data-panel={panel.title} data-kind={panel.type} data-state={state} style={{ width, height }}>
      <PanelChrome
        title={timeFrom ? `${panel.title} (last ${timeFrom})` : panel.title}
        description={panel.description}
        width={width}
        height={height}
        loadingState={state === "loading" ? LoadingState.Loading : LoadingState.Done}
        statusMessage={error}
      >
        {(innerWidth, innerHeight) => {
          const size = { width: innerWidth, height: innerHeight };
          const Kind = KINDS[panel.type];
          if (!Kind) return <Note {...size}>{`The viewer does not draw "${panel.type}".`}</Note>;
          if (error) return <Note {...size}>{error}</Note>;
          if (state === "empty") return <Note {...size}>{noValue(panel)}</Note>;
          if (!shown) return null;
          return (
            <ErrorBoundaryAlert>
              <Kind panel={panel} frames={shown} asked={asked} {...size} />
            </ErrorBoundaryAlert>
          );
        }}
      </PanelChrome>
    </section>
  );
}

function noValue(panel: PanelJson): string {
  return panel.fieldConfig.defaults.noValue ?? (panel.type === "logs" ? "No lines" : "No data");
}

/** Whether no field but times has a value. */
function isEmpty(frames: DataFrame[]): boolean {
  return frames.every(({ fields }) =>
    fields.every(
      ({ type, values }) => type === FieldType.time || values.every((value: unknown) => value === null),
    ),
  );
}

function Note({ children, width, height }: { children: string; width: number; height: number }): JSX.Element {
  const theme = useTheme2();
  const style = { width, height, color: theme.colors.text.secondary, fontSize: 16 };
  return (
    <div
      style={{
        ...style,
        display: "flex",
        alignItems: "center",
        justifyContent: "center",
        textAlign: "center",
      }}
    >
      {children}
    </div>
  );
}
