import { css } from "@emotion/css";
import type { GrafanaTheme2 } from "@grafana/data";
import { useStyles2, useTheme2 } from "@grafana/ui";
import { useEffect, useMemo, useState, type JSX } from "react";
import { getJson, secondsOf, type Asked, type Dashboard } from "./api";
import { Grid } from "./grid";

interface Choices {
  dashboards: { uid: string; title: string }[];
  variables: Record<string, { text: string; value: string }[]>;
}

const RANGES = ["now-15m", "now-1h", "now-6h", "now-24h", "now-7d", "now-30d"];

/** One dashboard: the menu, its variables, its panels. What is chosen is in the address, as in Grafana. */
export function App(): JSX.Element {
  const styles = useStyles2(stylesOf);
  const { isDark } = useTheme2();
  const [choices, setChoices] = useState<Choices>();
  const [dashboard, setDashboard] = useState<Dashboard>();
  const [error, setError] = useState<string>();
  const [now, setNow] = useState(Date.now());
  const parameters = useMemo(() => new URLSearchParams(location.search), []);
  const uid = /^\/d\/([\w-]+)/.exec(location.pathname)?.[1];

  useEffect(() => {
    getJson<Choices>("/api/choices")
      .then((got) => {
        setChoices(got);
        return getJson<Dashboard>(`/api/dashboards/${uid ?? got.dashboards[0].uid}`);
      })
      .then(setDashboard)
      .catch((failure: Error) => setError(failure.message));
  }, [uid]);
  useEffect(() => {
    if (!dashboard) return undefined;
    document.title = `${dashboard.title} - Tollgate`;
    const timer = setInterval(() => setNow(Date.now()), secondsOf(dashboard.refresh) * 1000);
    return () => clearInterval(timer);
  }, [dashboard]);

  const from = parameters.get("from") ?? dashboard?.time.from ?? "now-6h";
  const asked = useMemo((): Asked => {
    const to = Number(parameters.get("to")) || now;
    const start = /^now-/.test(from) ? to - secondsOf(from.slice("now-".length)) * 1000 : Number(from);
    const variables = (dashboard?.templating.list ?? []).map(({ name }) => name);
    const chosen = variables.map((name) => [
      name,
      parameters.getAll(`var-${name}`).filter((value) => value !== ""),
    ]);
    return { from: start, to, chosen: Object.fromEntries(chosen) as Asked["chosen"] };
  }, [dashboard, from, now, parameters]);

  if (error) return <p className={styles.error}>{error}</p>;
  if (!choices || !dashboard) return <p className={styles.error}>Loading ...</p>;
  const choose = (name: string, value: string) => {
    const next = new URLSearchParams(location.search);
    if (value === "") next.delete(name);
    else next.set(name, value);
    location.search = next.toString();
  };
  const kept = ["from", "theme"].flatMap((name) =>
    parameters.get(name) ? [`${name}=${parameters.get(name)}`] : [],
  );
  return (
    <>
      <header className={styles.header}>
        <select
          aria-label="Dashboard"
          value={dashboard.uid}
          onChange={({ target }) =>
            location.assign(`/d/${target.value}?${kept.filter((each) => each.startsWith("theme")).join("&")}`)
          }
        >
          {choices.dashboards.map(({ uid: each, title }) => (
            <option key={each} value={each}>
              {title}
            </option>
          ))}
        </select>
        {dashboard.templating.list.map(({ name, label }) => (
          <label key={name}>
            {label ?? name}{" "}
            <select
              value={asked.chosen[name]?.[0] ?? ""}
              onChange={({ target }) => choose(`var-${name}`, target.value)}
            >
              <option value="">All</option>
              {(choices.variables[name] ?? []).map(({ text, value }) => (
                <option key={value} value={value}>
                  {text}
                </option>
              ))}
            </select>
          </label>
        ))}
        <span className={styles.note}>A viewer with Grafana's components, not Grafana</span>
        <label>
          Last{" "}
          <select value={from} onChange={({ target }) => choose("from", target.value)}>
            {[...new Set([...RANGES, from])].map((range) => (
              <option key={range} value={range}>
                {range.replace("now-", "")}
              </option>
            ))}
          </select>{" "}
          UTC
        </label>
        <button onClick={() => setNow(Date.now())}>Refresh</button>
        <button onClick={() => choose("theme", isDark ? "light" : "dark")}>
          {isDark ? "Light" : "Dark"}
        </button>
      </header>
      <Grid dashboard={dashboard} asked={asked} />
    </>
  );
}

function stylesOf(theme: GrafanaTheme2) {
  const control = {
    background: theme.components.input.background,
    color: theme.colors.text.primary,
    border: `1px solid ${theme.components.input.borderColor}`,
    borderRadius: theme.shape.radius.default,
    padding: "0 8px",
    height: 28,
    width: "auto",
    maxWidth: 200,
    margin: 0,
    fontSize: 12,
  };
  return {
    header: css({
      display: "flex",
      flexWrap: "wrap",
      gap: 12,
      alignItems: "center",
      padding: "8px 16px",
      color: theme.colors.text.secondary,
      fontSize: 12,
      "select, button": control,
    }),
    note: css({ marginLeft: "auto", fontStyle: "italic" }),
    error: css({ padding: 24 }),
  };
}
