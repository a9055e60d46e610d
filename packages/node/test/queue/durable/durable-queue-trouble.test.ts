import { describe, expect, test } from "vitest";
import { DurableRig, Outlet } from "./durable-rig.ts";

describe("a durable queue whose log is being replayed", () => {
  test("hands on transient messages that came meanwhile, in order, if nothing else did", () => {
    const rig = new DurableRig({}, false);
    rig.publish("s", { isTransient: true });
    rig.publish("t", { isTransient: true });
    rig.group.becomeReady();
    rig.publish("u", { isTransient: true });
    const outlet = new Outlet();
    rig.consume(outlet);
    rig.settleDown();
    expect(outlet.lines).toEqual(["1 s", "2 t", "3 u"]);
  });
});
