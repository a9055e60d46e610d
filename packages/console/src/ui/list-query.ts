import type { Order } from "./data-table.tsx";

/** What a paged list asks of the broker; kept in the address, so that it can be shared and comes back with the back button. */
export interface ListQuery {
  readonly page: number;
  readonly size: number;
  readonly filter: string;
  readonly isRegex: boolean;
  /** undefined: the order of the broker, which is by virtual host and name. */
  readonly order: Order | undefined;
  /** One of the list's quick filters; empty for none. */
  readonly quick: string;
}

/** Sizes of pages to choose from; the API's maximum is 500. */
export const PAGE_SIZES = [25, 50, 100, 250, 500] as const;
const DEFAULT_SIZE = 50;

/** The list's state in the query of the address; what makes no sense there counts as absent. */
export function readListQuery(query: URLSearchParams): ListQuery {
  const size = Number(query.get("size"));
  const sort = query.get("sort");
  return {
    page: Math.max(1, Math.floor(Number(query.get("page"))) || 1),
    size: PAGE_SIZES.find((known) => known === size) ?? DEFAULT_SIZE,
    filter: query.get("filter") ?? "",
    isRegex: query.get("regex") === "1",
    order: sort === null ? undefined : { by: sort, descending: query.get("desc") === "1" },
    quick: query.get("quick") ?? "",
  };
}

/** The query of the API's list for a page with these fields. */
export function listParameters(query: ListQuery, fields: readonly string[]): string {
  const parameters = new URLSearchParams({
    page: String(query.page),
    page_size: String(query.size),
  });
  if (query.filter !== "") {
    parameters.set("name", query.filter);
    parameters.set("use_regex", String(query.isRegex));
  }
  if (query.order !== undefined) {
    parameters.set("sort", query.order.by);
    if (query.order.descending) {
      parameters.set("sort_reverse", "true");
    }
  }
  if (query.quick !== "") {
    parameters.set("condition", query.quick);
  }
  if (fields.length > 0) {
    parameters.set("columns", [...new Set(fields)].join(","));
  }
  return parameters.toString();
}
