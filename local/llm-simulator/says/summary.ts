import { formatUsd } from "../../../litellm-config";

const ROWS_TOLD = 3;
const MONEY = /usd|cost|amount|spen[dt]|sav|price|budget|left|delta|change|total|dollar/i;

/** An answer in words, from the results (JSON) of the tools that were called for it. */
export function summarize(results: string[]): string {
  const told = results.map((text) => tell(parse(text))).filter((sentence) => sentence !== "");
  if (told.length === 0) return "I found nothing in your billing data that answers this.";
  return `Here is what your billing data says. ${told.join(" ")}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function tell(value: unknown): string {
  if (typeof value === "string") return sentence(value);
  if (Array.isArray(value)) return rows("", value);
  if (typeof value !== "object" || value === null) return value === null ? "" : sentence(String(value));
  const entries = Object.entries(value);
  const facts = entries.filter(([, at]) => isScalar(at)).map(([key, at]) => `${words(key)} ${show(key, at)}`);
  const parts = entries
    .filter(([, at]) => !isScalar(at))
    .map(([key, at]) => (Array.isArray(at) ? rows(words(key), at) : tell(at)));
  return [facts.length > 0 ? sentence(facts.join(", ")) : "", ...parts]
    .filter((part) => part !== "")
    .join(" ");
}

function rows(title: string, list: unknown[]): string {
  if (list.length === 0) return title ? sentence(`no ${title}`) : "";
  const told = list.slice(0, ROWS_TOLD).map((row) => {
    if (typeof row !== "object" || row === null) return String(row);
    return Object.entries(row)
      .filter(([, at]) => isScalar(at))
      .slice(0, 4)
      .map(([key, at]) => (isAmount(at) || typeof at !== "string" ? `${words(key)} ${show(key, at)}` : at))
      .join(", ");
  });
  const more = list.length > ROWS_TOLD ? `; and ${list.length - ROWS_TOLD} more` : "";
  return sentence(`${title ? `${title}: ` : ""}${told.join("; ")}${more}`);
}

function isScalar(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}

/** A decimal amount, which tools pass as a text so that it stays exact. */
function isAmount(value: unknown): boolean {
  return typeof value === "string" && /^-?\d+\.\d+$/.test(value);
}

function show(key: string, value: unknown): string {
  if (isAmount(value)) return String(value).replace(/^(-?)(\d+\.\d{0,2})\d*$/, "$1$$$2");
  if (typeof value !== "number") return String(value);
  if (/nanos/i.test(key)) return formatUsd(value);
  if (/percent|ratio/i.test(key)) return String(Math.round(value * 100) / 100);
  return MONEY.test(key) ? `$${value.toFixed(2)}` : String(value);
}

/** A key as words: `total_cost` and `totalCost` are "total cost"; the unit is shown with the value. */
function words(key: string): string {
  return key
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll("_", " ")
    .replace(/ ?(usd|nanos)$/i, "")
    .toLowerCase();
}

function sentence(text: string): string {
  const full = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(full) ? full : `${full}.`;
}
