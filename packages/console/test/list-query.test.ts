import { describe, expect, it } from "vitest";
import { listParameters, readListQuery } from "../src/ui/list-query.ts";

describe("a list's state in the address", () => {
  it("counts as absent where it makes no sense", () => {
    const query = readListQuery(new URLSearchParams("page=-3&size=7&regex=x"));
    expect(query).toMatchObject({
      page: 1,
      size: 50,
      isRegex: false,
      filter: "",
      order: undefined,
    });
  });

  it("becomes the query of the API", () => {
    const query = readListQuery(
      new URLSearchParams(
        "page=2&size=100&filter=a%20b&regex=1&sort=messages&desc=1&quick=growing",
      ),
    );
    const parameters = new URLSearchParams(listParameters(query, ["name", "vhost", "name"]));
    expect(Object.fromEntries(parameters)).toEqual({
      page: "2",
      page_size: "100",
      name: "a b",
      use_regex: "true",
      sort: "messages",
      sort_reverse: "true",
      condition: "growing",
      columns: "name,vhost",
    });
  });
});
