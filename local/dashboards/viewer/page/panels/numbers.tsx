import {
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  VizOrientation,
  type DisplayValueAlignmentFactors,
  type FieldDisplay,
} from "@grafana/data";
import { BarGaugeDisplayMode, type ReduceDataOptions, type VizTextDisplayOptions } from "@grafana/schema";
import {
  BarGauge,
  BigValue,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueJustifyMode,
  BigValueTextMode,
  useTheme2,
  VizRepeater,
} from "@grafana/ui";
import type { ComponentProps, JSX } from "react";
import type { PanelProps } from "../panel";
import { replaceVariables } from "../variables";
import { Donut, legendWidth } from "./donut";
import { Gauge } from "./gauge";

interface Options {
  reduceOptions: ReduceDataOptions;
  colorMode?: BigValueColorMode;
  orientation?: VizOrientation;
  displayMode?: BarGaugeDisplayMode;
  text?: VizTextDisplayOptions;
}

/** One number a series, or a row. */
function useNumbers({ panel, frames }: PanelProps): FieldDisplay[] {
  const theme = useTheme2();
  const { reduceOptions } = panel.options as unknown as Options;
  return getFieldDisplayValues({
    data: frames,
    fieldConfig: panel.fieldConfig,
    reduceOptions: { ...reduceOptions, calcs: reduceOptions.calcs ?? ["lastNotNull"] },
    replaceVariables,
    theme,
    timeZone: "utc",
  });
}

type Repeater = ComponentProps<typeof VizRepeater<FieldDisplay, DisplayValueAlignmentFactors>>;

type Layout = Pick<Repeater, "autoGrid" | "minVizHeight" | "maxVizHeight" | "itemSpacing">;

interface NumbersProps extends Pick<Repeater, "renderValue">, Partial<Layout> {
  of: PanelProps;
  numbers: FieldDisplay[];
}

/** Each number drawn in its share of the panel. */
function Numbers({ of: { panel, frames, width, height }, numbers, ...drawing }: NumbersProps): JSX.Element {
  const { orientation } = panel.options as unknown as Options;
  return (
    <VizRepeater
      getValues={() => numbers}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      source={frames}
      renderCounter={0}
      orientation={orientation ?? VizOrientation.Auto}
      width={width}
      height={height}
      {...drawing}
    />
  );
}

export function Stats(props: PanelProps): JSX.Element {
  const theme = useTheme2();
  const numbers = useNumbers(props);
  const { colorMode } = props.panel.options as unknown as Options;
  return (
    <Numbers
      of={props}
      numbers={numbers}
      autoGrid
      renderValue={({ value, width, height, alignmentFactors }) => (
        <Linked value={value}>
          <BigValue
            value={value.display}
            count={numbers.length}
            colorMode={colorMode ?? BigValueColorMode.Value}
            graphMode={BigValueGraphMode.None}
            justifyMode={BigValueJustifyMode.Auto}
            textMode={BigValueTextMode.Auto}
            alignmentFactors={alignmentFactors}
            width={width}
            height={height}
            theme={theme}
          />
        </Linked>
      )}
    />
  );
}

export function Bars(props: PanelProps): JSX.Element {
  const theme = useTheme2();
  const numbers = useNumbers(props);
  const { displayMode, text } = props.panel.options as unknown as Options;
  return (
    <Numbers
      of={props}
      numbers={numbers}
      minVizHeight={16}
      maxVizHeight={300}
      itemSpacing={8}
      renderValue={({ value, width, height, alignmentFactors, orientation }) => (
        <Linked value={value}>
          <BarGauge
            value={value.display}
            field={value.field}
            display={value.view?.getFieldDisplayProcessor(value.colIndex!)}
            orientation={orientation}
            displayMode={displayMode ?? BarGaugeDisplayMode.Gradient}
            alignmentFactors={alignmentFactors}
            itemSpacing={8}
            showUnfilled
            text={text}
            width={width}
            height={height}
            theme={theme}
          />
        </Linked>
      )}
    />
  );
}

export function Gauges(props: PanelProps): JSX.Element {
  return (
    <Numbers
      of={props}
      numbers={useNumbers(props)}
      autoGrid
      renderValue={({ value, width, height, count }) => (
        <Gauge value={value} named={count > 1 || !!value.display.title} width={width} height={height} />
      )}
    />
  );
}

export function Pie(props: PanelProps): JSX.Element {
  const numbers = useNumbers(props);
  return (
    <Donut values={numbers} width={props.width} height={props.height} legend={legendWidth(props.width)} />
  );
}

/** The whole number is a link where the panel has one. */
function Linked({ value, children }: { value: FieldDisplay; children: JSX.Element }): JSX.Element {
  const link = value.hasLinks ? value.getLinks?.()[0] : undefined;
  if (!link) return children;
  return (
    <a href={link.href} target={link.target} title={link.title} style={{ display: "flex", width: "100%" }}>
      {children}
    </a>
  );
}
