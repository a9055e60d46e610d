import { describe, expect, test } from "vitest";
import { listAnswer } from "../../src/lists/list-answer.ts";
import { type Listing, listingOf } from "../../src/lists/listing.ts";
import type { JsonObject } from "../../src/model/json.ts";

const FRUIT: readonly JsonObject[] = [
  { name: "apple", count: 3, details: { rate: 1.5, last: { at: 7 } } },
  { name: "Banana", count: 10, details: { rate: 0 } },
  { name: "cherry", count: 2 },
];

async function ask(
  query: string,
  listing: Listing<JsonObject> = listingOf(FRUIT),
): Promise<unknown> {
  const { signal } = new AbortController();
  const answer = await listAnswer({ query: new URLSearchParams(query), signal }, listing);
  return answer.json();
}

function names(objects: unknown): unknown {
  return (objects as JsonObject[]).map(({ name }) => name);
}

describe("a whole list", () => {
  test("is an array, in the order of its rows", async () => {
    expect(await ask("")).toEqual(FRUIT);
    expect(await ask("", listingOf([]))).toEqual([]);
  });

  test("has the columns asked for, with dots into objects, and empty objects where there are none", async () => {
    expect(await ask("columns=name,details.rate")).toEqual([
      { name: "apple", details: { rate: 1.5 } },
      { name: "Banana", details: { rate: 0 } },
      { name: "cherry" },
    ]);
    expect(await ask("columns=details.last.at")).toEqual([
      { details: { last: { at: 7 } } },
      { details: {} },
      {},
    ]);
    expect(await ask("columns=nope")).toEqual([{}, {}, {}]);
  });

  test("is sorted by a column, missing values first, and the other way round on demand", async () => {
    expect(names(await ask("sort=count"))).toEqual(["cherry", "apple", "Banana"]);
    expect(names(await ask("sort=count&sort_reverse=true"))).toEqual(["Banana", "apple", "cherry"]);
    expect(names(await ask("sort=details.rate"))).toEqual(["cherry", "Banana", "apple"]);
    expect(names(await ask("sort_reverse=true"))).toEqual(["cherry", "Banana", "apple"]);
  });

  test("that is long is sent in pieces and complete", async () => {
    const many = Array.from({ length: 5000 }, (_, index) => ({ name: `queue-${index}`, index }));
    expect(await ask("", listingOf(many))).toEqual(many);
    const sorted = (await ask("sort=index&sort_reverse=true", listingOf(many))) as JsonObject[];
    expect(sorted.map(({ index }) => index)).toEqual(many.map(({ index }) => 4999 - index));
  });
});

describe("a page", () => {
  test("has the counts, even if pagination is said to be false", async () => {
    expect(await ask("page=1&page_size=2&pagination=false")).toEqual({
      filtered_count: 3,
      item_count: 2,
      items: FRUIT.slice(0, 2),
      page: 1,
      page_count: 2,
      page_size: 2,
      total_count: 3,
    });
  });

  test.each([
    ["name=an", ["Banana"]],
    ["name=AP", ["apple"]],
    ["name=^b&use_regex=true", ["Banana"]],
    ["name=^b", []],
    ["name=e.*y$&use_regex=true", ["cherry"]],
  ])("is filtered by %s", async (query, expected) => {
    const page = (await ask(`page=1&${query}`)) as JsonObject;
    expect(names(page["items"])).toEqual(expected);
    expect(page).toMatchObject({ filtered_count: expected.length, total_count: 3 });
  });

  test("asks for objects of its rows only", async () => {
    const asked: string[] = [];
    const listing: Listing<string> = {
      rows: Array.from({ length: 1000 }, (_, index) => `q${index}`),
      nameOf: (name) => name,
      valuesOf: (rows) => rows.map((name) => Number(name.slice(1))),
      objectsOf: (rows) => {
        asked.push(...rows);
        return rows.map((name) => ({ name }));
      },
    };
    const query = new URLSearchParams("page=2&page_size=3&sort=index&sort_reverse=true");
    const { signal } = new AbortController();
    await (await listAnswer({ query, signal }, listing)).json();
    expect(asked).toEqual(["q996", "q995", "q994"]);
  });

  test("asks for all objects if nothing else knows the values to sort by", async () => {
    const listing: Listing<string> = {
      rows: ["a", "b", "c"],
      nameOf: (name) => name,
      valuesOf: () => undefined,
      objectsOf: (rows) => rows.map((name, index) => ({ name, late: -index })),
    };
    const query = new URLSearchParams("page=1&page_size=1&sort=late");
    const { signal } = new AbortController();
    const page = (await (await listAnswer({ query, signal }, listing)).json()) as JsonObject;
    expect(page["items"]).toEqual([{ name: "c", late: -2 }]);
  });

  test("leaves out rows that are gone meanwhile", async () => {
    const listing: Listing<string> = {
      rows: ["a", "b"],
      nameOf: (name) => name,
      objectsOf: (rows) => rows.map((name) => (name === "a" ? undefined : { name })),
    };
    const { signal } = new AbortController();
    const answer = await listAnswer({ query: new URLSearchParams(), signal }, listing);
    expect(await answer.json()).toEqual([{ name: "b" }]);
  });

  test.each([
    ["page=0", "invalid_pagination_parameters"],
    ["page=-1", "invalid_pagination_parameters"],
    ["page=x", "bad_request"],
    ["page=", "bad_request"],
    ["page=1&page_size=x", "bad_request"],
    ["page=1&page_size=501", "invalid_pagination_parameters"],
    ["page=1&page_size=0", "invalid_pagination_parameters"],
    ["page=3&page_size=2", "page_out_of_range"],
    ["page=1&use_regex=true&name=(", "bad_request"],
  ])("is refused for %s", async (query, error) => {
    await expect(ask(query)).rejects.toMatchObject({ status: 400, error });
  });

  test("of nothing is page 1", async () => {
    expect(await ask("page=1", listingOf([]))).toMatchObject({ items: [], page_count: 0, page: 1 });
  });
});

test("work ends when the client is gone", async () => {
  const gone = new AbortController();
  const many = Array.from({ length: 20_000 }, (_, index) => ({
    name: `${index}`,
    pad: "x".repeat(99),
  }));
  const answer = await listAnswer(
    { query: new URLSearchParams(), signal: gone.signal },
    listingOf(many),
  );
  gone.abort();
  await expect(answer.text()).rejects.toThrow();
});
