import type { Case } from "./case.ts";
import { asGuest, confirm } from "./object-cases.ts";

/** What is done with the cluster. They come last: a node is stopped. */
export const CLUSTER_CASES: readonly Case[] = [
  asGuest("leaders are rebalanced, a replica is removed and added", async (session) => {
    const { page } = session;
    await session.go("#/cluster");
    await page.getByText("All nodes reach each other.").last().waitFor();
    await page.getByRole("button", { name: "Rebalance leaders" }).click();
    await confirm(session, "Rebalance");
    await session.toast("spread evenly");
    await session.go("#/queues/shop/orders.created?tab=replicas");
    const follower = page.locator("tbody tr", { hasText: "follower" }).first();
    await follower.getByRole("button", { name: "Remove" }).click();
    await confirm(session, "Remove");
    await session.toast("removed");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await session.toast("added");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 3);
  }),

  asGuest("another replica becomes the leader", async (session) => {
    const { page } = session;
    await session.go("#/queues/shop/orders.created?tab=replicas");
    const former = await page.locator("tbody tr", { hasText: "leads" }).locator("a").innerText();
    await page.getByRole("button", { name: "Make leader" }).first().click();
    await session.toast("leads orders.created");
    await page.waitForFunction((name) => {
      const leader = [...document.querySelectorAll("tbody tr")].find((row) =>
        row.textContent.includes("leads"),
      );
      return leader !== undefined && leader.querySelector("a")?.textContent !== name;
    }, former);
    await session.go("#/queues/shop/orders.paid?tab=replicas");
    await page.getByRole("button", { name: "Synchronise" }).click();
    await session.toast("Synchronisation has begun");
  }),

  asGuest("a node is put into maintenance and back", async (session) => {
    const { page } = session;
    await session.go("#/nodes/rabbit2%40localhost");
    await page.getByRole("button", { name: "Put into maintenance" }).click();
    await confirm(session, "Put into maintenance");
    await session.toast("is in maintenance");
    await page.getByText("maintenance", { exact: true }).waitFor();
    await page.getByRole("button", { name: "End the maintenance" }).click();
    await session.toast("takes clients again");
    await page.getByRole("button", { name: "Put into maintenance" }).waitFor();
  }),

  asGuest("the cluster's name is changed", async (session) => {
    const { page } = session;
    await session.go("#/cluster");
    await page.locator("summary", { hasText: "Name of the cluster" }).click();
    await page.getByLabel("Name", { exact: true }).fill("shop cluster");
    await page.getByRole("button", { name: "Rename" }).click();
    await session.toast("renamed");
    await page.locator(".cluster-name", { hasText: "shop cluster" }).waitFor();
  }),

  asGuest(
    "a node that stops is named by the overview and by the cluster's picture",
    async (session, { stopThirdNode }) => {
      const { page } = session;
      await session.go("#/cluster");
      await stopThirdNode();
      await page.locator("article", { hasText: "down" }).waitFor({ timeout: 30_000 });
      await page
        .getByText(/^Not connected:/)
        .last()
        .waitFor();
      await session.go("#/");
      await page.locator(".health-bad", { hasText: "is down" }).waitFor({ timeout: 30_000 });
      await session.go("#/queues/shop/orders.created?tab=replicas");
      await page.locator("tbody tr", { hasText: "leads" }).waitFor();
    },
  ),
];
