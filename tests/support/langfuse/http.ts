/** An answer of the stand-in: status and JSON body. */
export class Answer {
  constructor(
    readonly status: number,
    readonly body: unknown,
  ) {}
}

/** Errors as the versions 2 and the unstable part of the API give them, with a code to distinguish them. */
export function refuse(status: number, code: string, message: string): Answer {
  return new Answer(status, { message, code });
}

export interface Request {
  query: URLSearchParams;
  body: unknown;
  /** What the path's groups matched. */
  params: string[];
}

export interface Route {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: RegExp;
  answer: (request: Request) => Answer | Promise<Answer>;
}

/** A page of a list that counts its pages, at most a hundred items. */
export function numberedPage(items: unknown[], query: URLSearchParams): Answer {
  const page = Number(query.get("page") ?? 1);
  const limit = Math.min(100, Number(query.get("limit") ?? 50));
  return new Answer(200, {
    data: items.slice((page - 1) * limit, page * limit),
    meta: { page, limit, totalItems: items.length, totalPages: Math.ceil(items.length / limit) },
  });
}

/** A page of a list that hands out cursors. */
export function cursorPage(items: unknown[], query: URLSearchParams): Answer {
  const from = Number(query.get("cursor") ?? 0);
  const limit = Math.min(100, Number(query.get("limit") ?? 50));
  const next = from + limit;
  return new Answer(200, {
    data: items.slice(from, next),
    meta: next < items.length ? { cursor: String(next) } : {},
  });
}

export function now(): string {
  return new Date().toISOString();
}
