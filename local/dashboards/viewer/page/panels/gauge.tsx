import { formattedValueToString, type FieldDisplay } from "@grafana/data";
import { useTheme2 } from "@grafana/ui";
import type { JSX } from "react";

const SWEEP = (Math.PI * 4) / 3;

interface Props {
  value: FieldDisplay;
  named: boolean;
  width: number;
  height: number;
}

/** A dial from the field's least to its highest value, with the thresholds on its rim. */
export function Gauge({ value: { display, field }, named, width, height }: Props): JSX.Element {
  const theme = useTheme2();
  const min = field.min ?? 0;
  const max = field.max ?? 1;
  const name = named ? 20 : 0;
  const radius = Math.max(20, Math.min(width / 2 - 6, (height - name - 8) / 1.55));
  const share = (number: number) => Math.min(1, Math.max(0, (number - min) / (max - min)));
  const [x, y] = [width / 2, radius + 4];
  const stroke = radius * 0.22;
  const inner = radius - stroke * 0.85;
  const text = formattedValueToString(display);
  const steps = (field.thresholds?.steps ?? []).filter(({ value: from }) => from === -Infinity || from < max);
  return (
    <svg width={width} height={height} role="img" aria-label={`${display.title ?? ""} ${text}`}>
      {steps.map((step, i) => (
        <path
          key={step.value}
          d={arc(x, y, radius - 2, share(step.value), share(steps[i + 1]?.value ?? max))}
          stroke={theme.visualization.getColorByName(step.color)}
          strokeWidth={4}
          fill="none"
        />
      ))}
      <path
        d={arc(x, y, inner, 0, 1)}
        stroke={theme.colors.background.secondary}
        strokeWidth={stroke}
        fill="none"
      />
      {Number.isFinite(display.numeric) && (
        <path
          d={arc(x, y, inner, 0, share(display.numeric))}
          stroke={display.color}
          strokeWidth={stroke}
          fill="none"
        />
      )}
      <text
        x={x}
        y={y + radius * 0.18}
        textAnchor="middle"
        // No letter is wider than two thirds of its height, on average: the text stays within the dial.
        fontSize={Math.min(radius * 0.38, ((inner - stroke / 2) * 1.8) / (0.67 * text.length))}
        fontWeight={500}
        fill={display.color}
      >
        {text}
      </text>
      {named && (
        <text x={x} y={height - 5} textAnchor="middle" fontSize={13} fill={theme.colors.text.primary}>
          {display.title}
        </text>
      )}
    </svg>
  );
}

/** A part of the dial, from and to in shares of it. */
function arc(x: number, y: number, radius: number, from: number, to: number): string {
  const point = (share: number) => {
    const angle = Math.PI / 2 + (2 * Math.PI - SWEEP) / 2 + share * SWEEP;
    return `${x + radius * Math.cos(angle)} ${y + radius * Math.sin(angle)}`;
  };
  const isLarge = (to - from) * SWEEP > Math.PI ? 1 : 0;
  return `M ${point(from)} A ${radius} ${radius} 0 ${isLarge} 1 ${point(to)}`;
}
