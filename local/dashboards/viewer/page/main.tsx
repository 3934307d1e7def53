import { createTheme, ThemeContext } from "@grafana/data";
import { GlobalStyles, PortalContainer } from "@grafana/ui";
import { createRoot } from "react-dom/client";
import { App } from "./app";

// Icons are loaded from below this path.
Object.assign(window, { __grafana_public_path__: "/assets/" });

const mode = new URLSearchParams(location.search).get("theme") === "light" ? "light" : "dark";
const theme = createTheme({ colors: { mode } });
Object.assign(document.body.style, { background: theme.colors.background.canvas, margin: 0 });

createRoot(document.getElementById("app")!).render(
  <ThemeContext.Provider value={theme}>
    <GlobalStyles />
    <App />
    <PortalContainer />
  </ThemeContext.Provider>,
);
