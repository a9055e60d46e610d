import { describe, expect, test } from "vitest";
import { SoakLedger } from "./soak-ledger.ts";

describe("the ledger of a soak", () => {
  test("awaits what was confirmed until it is delivered, in either order", () => {
    const ledger = new SoakLedger();
    const id = ledger.addPublisher();
    ledger.onConfirm(id, 1, 5);
    expect(ledger.awaited).toBe(1);
    ledger.onDelivery(id, 1, false);
    ledger.onDelivery(id, 200_000, true);
    ledger.onConfirm(id, 200_000, 5);
    expect(ledger.awaited).toBe(0);
    expect(ledger.duplicated).toBe(0);
  });

  test("counts a second delivery without the mark, unless the message was sent again", () => {
    const ledger = new SoakLedger();
    const id = ledger.addPublisher();
    for (const isRedelivered of [false, true, false]) ledger.onDelivery(id, 1, isRedelivered);
    expect(ledger.duplicated).toBe(1);
    ledger.onSendAgain(id, 2);
    for (let count = 0; count < 2; count++) ledger.onDelivery(id, 2, false);
    expect(ledger.duplicated).toBe(1);
  });
});
