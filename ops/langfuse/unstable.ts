import type { Dashboard, LangfuseApi, DashboardWidget, WidgetRequest } from "../../dashboards/langfuse";
import { isAsWanted } from "./compare";
import { statusOf } from "./errors";
import type { Journal } from "./journal";
import { allPages } from "./pages";

type Unstable = LangfuseApi["unstable"];
type Widget = Awaited<ReturnType<Unstable["dashboardWidgets"]["create"]>>;

const ABSENT =
  "this Langfuse has no /api/public/unstable for dashboards: use 4.16 or later, or make them by hand from generated/langfuse/boards.json";

/**
 * Dashboards with their widgets, over the part of Langfuse's API that may change any day: it is used here and nowhere else.
 * Both are found by name, and what people made under other names is left alone.
 */
export async function applyDashboards(
  { unstable }: LangfuseApi,
  boards: Dashboard[],
  journal: Journal,
): Promise<void> {
  let listed;
  try {
    listed = {
      widgets: await allPages((page) => unstable.dashboardWidgets.list(page)),
      dashboards: await allPages((page) => unstable.dashboards.list(page)),
    };
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    for (const { name } of boards) journal.add({ kind: "dashboard", name, action: "failed", note: ABSENT });
    return;
  }

  for (const board of boards) {
    const placed = new Map<DashboardWidget, Widget>();
    for (const tile of board.tiles) {
      const widget = await applyWidget(unstable, board, tile, listed.widgets, journal);
      if (widget) placed.set(tile, widget);
    }
    await journal.apply("dashboard", board.name, async () => {
      const existing = listed.dashboards.find(({ name }) => name === board.name);
      const wanted = {
        name: board.name,
        description: board.description,
        definition: { widgets: board.tiles.map((tile) => placement(tile, placed.get(tile)?.id ?? "")) },
      };
      if (existing && isAsWanted(wanted, existing)) return { action: "unchanged", value: existing };
      return {
        action: existing ? "updated" : "created",
        run: () => {
          const missing = board.tiles.filter((tile) => !placed.has(tile)).map(({ title }) => title);
          if (missing.length > 0) throw new Error(`its widgets are missing: ${missing.join(", ")}`);
          return existing
            ? unstable.dashboards.update(existing.id, wanted)
            : unstable.dashboards.create(wanted);
        },
      };
    });
  }
}

function applyWidget(
  { dashboardWidgets }: Unstable,
  board: Dashboard,
  tile: DashboardWidget,
  listed: Widget[],
  journal: Journal,
): Promise<Widget | undefined> {
  const wanted: WidgetRequest = { name: tile.title, ...tile.query };
  return journal.apply("widget", wanted.name, async () => {
    // Earlier versions put the board's name before the tile's.
    const names = [wanted.name, `${board.name}: ${tile.title}`];
    const existing = listed.find(({ name }) => names.includes(name));
    if (!existing) return { action: "created", run: () => dashboardWidgets.create(wanted) };
    if (isAsWanted(wanted, existing)) return { action: "unchanged", value: existing };
    return { action: "updated", run: () => dashboardWidgets.update(existing.id, wanted) };
  });
}

/** The placement's id follows from the title, so that a second run finds the same. */
function placement({ title, place }: DashboardWidget, widgetId: string) {
  const id = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  return { type: "widget" as const, id, widgetId, ...place };
}
