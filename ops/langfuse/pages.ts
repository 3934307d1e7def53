import { NotLangfuse } from "./errors";

const LIMIT = 100;
/** The setup's lists come nowhere near: a server that ignores the page would return the first one forever. */
const MOST_PAGES = 100;

interface NumberedPage<T> {
  data: T[];
  meta: { totalPages: number };
}

interface CursorPage<T> {
  data: T[];
  meta: { cursor?: string };
}

/** All pages of a list that counts them. */
export async function allPages<T>(
  list: (page: { page: number; limit: number }) => PromiseLike<NumberedPage<T>>,
): Promise<T[]> {
  const all: T[] = [];
  for (let page = 1; page <= MOST_PAGES; page++) {
    const { data, meta } = checked(await list({ page, limit: LIMIT }));
    all.push(...data);
    if (page >= meta.totalPages) break;
  }
  return all;
}

/** All pages of a list with a cursor to the next. */
export async function allCursorPages<T>(
  list: (page: { cursor?: string; limit: number }) => PromiseLike<CursorPage<T>>,
  mostPages = MOST_PAGES,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  for (let page = 1; page <= mostPages; page++) {
    const { data, meta } = checked(await list({ limit: LIMIT, ...(cursor ? { cursor } : {}) }));
    all.push(...data);
    if (!meta.cursor) break;
    cursor = meta.cursor;
  }
  return all;
}

/** The client does not look at what it was answered: a page for people would pass for an empty list. */
function checked<Page extends { data: unknown; meta: unknown }>(page: Page): Page {
  const { data, meta } = (page ?? {}) as Partial<Page>;
  if (!Array.isArray(data) || typeof meta !== "object" || meta === null) throw new NotLangfuse();
  return page;
}
