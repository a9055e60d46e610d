import { badRequest, HttpError } from "../http-error.ts";
import { DEFAULT_PAGE_SIZE, NAME_FILTER_LENGTH_MAX, PAGE_SIZE_MAX } from "../limits.ts";
import { type ColumnPath, columnsOf, pathsOf } from "./columns.ts";
import { type NameFilter, nameFilter } from "./name-filter.ts";

/** The query parameters that every list understands. */
export const LIST_QUERY: readonly string[] = [
  "columns",
  "sort",
  "sort_reverse",
  "page",
  "page_size",
  "name",
  "use_regex",
  "pagination",
];

export interface PageWanted {
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
  /** undefined: all names do. */
  readonly matches: NameFilter | undefined;
}

export interface ListQuery {
  /** undefined: all. */
  readonly columns: readonly ColumnPath[] | undefined;
  /** The first counts most; empty: as the list comes. */
  readonly sort: readonly ColumnPath[];
  readonly isReverse: boolean;
  /** undefined: the whole list, as an array. */
  readonly page: PageWanted | undefined;
}

/** @throws HttpError in RabbitMQ's words */
export function readListQuery(query: URLSearchParams): ListQuery {
  const sort = query.get("sort");
  return {
    columns: columnsOf(query),
    sort: sort === null || sort === "" ? [] : pathsOf(sort),
    isReverse: query.get("sort_reverse") === "true",
    page: readPage(query),
  };
}

/** With `page` an answer is a page, whatever `pagination` says (RabbitMQ). */
function readPage(query: URLSearchParams): PageWanted | undefined {
  const page = readNumber(query, "page");
  if (page === undefined) return undefined;
  const pageSize = readNumber(query, "page_size");
  const name = query.get("name") ?? "";
  if (page < 1 || isOutside(pageSize)) throw outOfBounds(page, pageSize);
  if (name.length > NAME_FILTER_LENGTH_MAX) throw badRequest(INVALID);
  const matches = nameFilter(name, query.get("use_regex") === "true");
  return { page, pageSize: pageSize ?? DEFAULT_PAGE_SIZE, matches };
}

const INVALID = "Pagination parameters are invalid";

function readNumber(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null) return undefined;
  if (!/^-?\d{1,15}$/.test(text)) throw badRequest(INVALID);
  return Number(text);
}

function isOutside(pageSize: number | undefined): boolean {
  return pageSize !== undefined && (pageSize < 1 || pageSize > PAGE_SIZE_MAX);
}

/** RabbitMQ's words. */
function outOfBounds(page: number, pageSize: number | undefined): HttpError {
  const kind = { status: 400, error: "invalid_pagination_parameters" };
  const reason = `Invalid pagination parameters: page number ${page}, page size ${pageSize}`;
  return new HttpError(kind, reason);
}
