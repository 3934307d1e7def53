import { renderTextPanelMarkdown, textUtil } from "@grafana/data";
import type { JSX } from "react";
import { replaceVariables } from "../variables";
import type { PanelProps } from "../panel";

/** A text in Markdown or HTML, cleaned by Grafana's own filter. */
export function Text({ panel, width, height }: PanelProps): JSX.Element {
  const { mode, content } = panel.options as unknown as { mode?: string; content?: string };
  const text = replaceVariables(content ?? "");
  const html = mode === "html" ? textUtil.sanitizeTextPanelContent(text) : renderTextPanelMarkdown(text);
  return <div style={{ width, height, overflow: "auto" }} dangerouslySetInnerHTML={{ __html: html }} />;
}
