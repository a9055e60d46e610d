import { describe, expect, it } from "vitest";
import type { MessageInfo } from "../src/api/types.ts";
import { messageTest } from "../src/pages/messages/message-search.ts";

const order: MessageInfo = {
  payload: '{"order":17,"items":[{"sku":"A-1","price":12.5}],"paid":true}',
  payload_encoding: "string",
  exchange: "orders",
  routing_key: "order.paid",
  properties: { headers: { tenant: "a", "x-try": 3 } },
};
const picture: MessageInfo = {
  payload: "/9j/AA==",
  payload_encoding: "base64",
  routing_key: "img",
  properties: [],
};

function fits(search: string, message = order): boolean {
  return messageTest(search)(message);
}

describe("the search in messages", () => {
  it("finds words in body, headers and routing key, whatever their case", () => {
    expect([fits("a-1"), fits("TENANT"), fits("paid"), fits("nothing")]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it("looks into a JSON body", () => {
    expect([
      fits("$.order=17"),
      fits("$.items[0].sku=A-1"),
      fits("$.items[0].price>12"),
      fits("$.items[0].price<12"),
    ]).toEqual([true, true, true, false]);
    expect([
      fits("$.paid"),
      fits("$.refused"),
      fits("$.items[7].sku=A-1"),
      fits("$.order!=18"),
    ]).toEqual([true, false, false, true]);
  });

  it("does not take what every object has for content", () => {
    expect([fits("$.constructor"), fits("$.__proto__"), fits("$.items.length")]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it("looks at headers, routing key and exchange", () => {
    expect([
      fits("header.tenant=a"),
      fits("header.x-try=3"),
      fits("header.no"),
      fits("key=order.paid"),
      fits("key~refused"),
      fits("exchange=orders"),
    ]).toEqual([true, true, false, true, false, true]);
  });

  it("wants all words, and keeps quoted ones together", () => {
    expect([fits("$.order=17 header.tenant=b"), fits('"paid\\"" key~paid'), fits("")]).toEqual([
      false,
      false,
      true,
    ]);
    expect(fits('"order.paid"')).toBe(true);
  });

  it("finds no text in a body that is none", () => {
    expect([fits("$.a", picture), fits("img", picture), fits("9j", picture)]).toEqual([
      false,
      true,
      false,
    ]);
  });
});
