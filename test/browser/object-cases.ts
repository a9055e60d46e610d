import { type Case, type CaseContext, requireNone, requireThat } from "./case.ts";
import { ConsoleSession } from "./console-session.ts";
import { callApi } from "./demo-broker.ts";

/** A case that is done by guest, and leaves no problem behind. */
export function asGuest(
  name: string,
  run: (session: ConsoleSession, context: CaseContext) => Promise<void>,
): Case {
  return {
    name,
    run: async (context) => {
      const session = await ConsoleSession.open(context.browser, { base: context.address.http });
      await session.logIn();
      await run(session, context);
      requireNone("problems", session.takeProblems());
      await session.close();
    },
  };
}

/** Confirms the question that is asked, typing what it wants. */
export async function confirm(
  { page }: ConsoleSession,
  verb: string,
  typed?: string,
): Promise<void> {
  const dialog = page.getByRole("dialog");
  if (typed !== undefined) await dialog.getByLabel(/^Type /).fill(typed);
  await dialog.getByRole("button", { name: verb, exact: true }).click();
}

/** What can be done with queues, exchanges, messages and connections. */
export const OBJECT_CASES: readonly Case[] = [
  asGuest("a queue: add, publish, look, take, purge, delete", async (session) => {
    const { page } = session;
    await session.go("#/queues");
    await page.locator("summary", { hasText: "Add a queue" }).click();
    const form = page.locator("form", { hasText: "Add queue" });
    await form.getByLabel("Virtual host").selectOption("shop");
    await form.getByLabel("Name", { exact: true }).first().fill("test/queue %");
    await form.getByRole("button", { name: "+ Message TTL" }).click();
    await form.getByLabel("Value").last().fill("3600000");
    await form.getByRole("button", { name: "Add queue" }).click();
    await session.toast("is there");
    await page.getByRole("heading", { name: "Queue test/queue %" }).waitFor();
    await page.getByText("x-message-ttl: 3600000").waitFor();

    await page.getByRole("link", { name: "Publish" }).click();
    await page.getByLabel("Body", { exact: true }).fill('{"hello":["wörld"]}');
    for (const name of ["one", "two"]) {
      await page.getByLabel("Name").first().fill("kind");
      await page.getByLabel("Value").first().fill(name);
      await page.getByRole("button", { name: "Publish", exact: true }).click();
      await session.toast("Published.");
    }
    await page.getByRole("link", { name: /^Messages/ }).click();
    await page.getByRole("button", { name: "Look", exact: true }).click();
    await page.getByText("2 messages", { exact: true }).waitFor();
    await page
      .getByRole("searchbox", { name: "Search in what was fetched" })
      .fill("$.hello[0]=wörld header.kind=two");
    await page.getByText("1 of 2 messages fit").waitFor();
    await page.locator("article.message").getByText("Hex").click();
    await page.getByText("000000  7b").waitFor();

    await page.getByRole("button", { name: "Publish a copy" }).click();
    await confirm(session, "Publish a copy");
    await session.toast("Published.");
    await page.getByRole("link", { name: "Messages 3" }).waitFor();

    await page.locator("summary", { hasText: "Take messages" }).click();
    await page.getByRole("button", { name: "Take", exact: true }).click();
    await confirm(session, "Take");
    await page.locator("article.message", { hasText: "one" }).waitFor();
    await page.getByRole("link", { name: "Messages 2" }).waitFor();
    await page.getByRole("button", { name: "Purge" }).click();
    await confirm(session, "Purge");
    await session.toast("1 queue purged");
    await page.getByRole("link", { name: "Messages 0" }).waitFor();
    await page.getByRole("button", { name: "Delete" }).click();
    await confirm(session, "Delete");
    await page.getByRole("heading", { name: "Queues" }).waitFor();
    await page.getByText("test/queue %").waitFor({ state: "detached" });
  }),

  asGuest(
    "messages are followed as they come in, and moved to another queue",
    async (session, { address }) => {
      const { page } = session;
      for (const name of ["moved.from", "moved.to"])
        await callApi(address, "PUT", `queues/shop/${name}`, { durable: true });
      await session.go("#/queues/shop/moved.from?tab=messages");
      await page.getByRole("button", { name: "Follow", exact: true }).click();
      await page.getByText(/^0 seen/).waitFor();
      const message = {
        routing_key: "moved.from",
        payload: "burst",
        payload_encoding: "string",
        properties: {},
      };
      await Promise.all(
        Array.from({ length: 20 }, () =>
          callApi(address, "POST", "exchanges/shop/amq.default/publish", message),
        ),
      );
      await page.getByText(/^20 seen/).waitFor();
      await page.getByRole("article", { name: "Message 20" }).getByText("burst").waitFor();
      await page.getByRole("button", { name: "Stop following" }).click();
      await page.locator("summary", { hasText: "Move messages" }).click();
      const form = page.locator("form", { hasText: "Where to" });
      await form.getByRole("combobox", { name: "Queue" }).fill("moved.to");
      await form.getByRole("button", { name: "Move" }).click();
      await confirm(session, "Move");
      await session.toast("20 moved");
      await page.getByRole("link", { name: "Messages 0" }).waitFor();
      for (const name of ["moved.from", "moved.to"])
        await callApi(address, "DELETE", `queues/shop/${name}`);
    },
  ),

  asGuest("many queues at once, after the number was typed", async (session, { address }) => {
    const { page } = session;
    for (let at = 0; at < 6; at += 1)
      await callApi(address, "PUT", `queues/shop/bulk.${at}`, { durable: true });
    await session.go("#/queues?filter=bulk.");
    await page.getByLabel("Select all on this page").check();
    await page.getByText("6 selected").waitFor();
    await page.getByRole("toolbar").getByRole("button", { name: "Delete" }).click();
    const verb = page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true });
    requireThat(await verb.isDisabled(), "six queues can be deleted without typing anything");
    await confirm(session, "Delete", "6");
    await session.toast("6 queues deleted");
    await page.getByText("Nothing matches the filter").waitFor();
  }),

  asGuest(
    "lists: columns that are chosen stay, order and filters are in the address",
    async (session) => {
      const { page } = session;
      await session.go("#/queues");
      await page.locator("summary", { hasText: "Columns" }).click();
      await page.getByRole("checkbox", { name: "Node" }).check();
      await page.keyboard.press("Escape");
      await page.getByRole("columnheader", { name: "Ready" }).getByRole("button").click();
      await page.waitForURL(/sort=messages_ready&desc=1/);
      await page.reload();
      await page.getByRole("columnheader", { name: "Node" }).waitFor();
      await page.locator('th[aria-sort="descending"]', { hasText: "Ready" }).waitFor();
      await page.getByLabel("Show only").selectOption("dead_letters");
      await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
      await page.getByRole("link", { name: "orders.dead" }).waitFor();
      await session.go("#/queues?filter=%5Eorders%5C.(paid%7Cdead)%24&regex=1");
      await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 2);
    },
  ),

  asGuest("an exchange: add, bind, publish, unbind, delete", async (session) => {
    const { page } = session;
    await session.go("#/exchanges");
    await page.locator("summary", { hasText: "Add an exchange" }).click();
    const form = page.locator("form", { hasText: "Add exchange" });
    await form.getByLabel("Virtual host").selectOption("shop");
    await form.getByLabel("Name", { exact: true }).first().fill("test.exchange");
    await form.getByRole("combobox", { name: "Type" }).first().selectOption("topic");
    await form.getByRole("button", { name: "Add exchange" }).click();
    await page.getByText("Nothing is bound to this exchange").waitFor();
    await session.toast("is there");
    await page.locator("summary", { hasText: "Add a binding" }).click();
    const binding = page.locator("form", { hasText: "To a" });
    await binding.getByLabel("Name", { exact: true }).first().fill("emails");
    await binding.getByRole("textbox", { name: "Routing key" }).fill("a.*");
    await binding.getByRole("button", { name: "Bind" }).click();
    await session.toast("Bound");
    const publish = page.locator("section", { hasText: "Publish to this exchange" });
    await publish.getByLabel("Routing key").fill("b.c");
    await publish.getByRole("button", { name: "Publish", exact: true }).click();
    await page.locator(".toast-failed", { hasText: "no queue got it" }).getByRole("button").click();
    await page.getByRole("button", { name: "Unbind" }).click();
    await confirm(session, "Unbind");
    await session.toast("Unbound");
    await page.getByRole("button", { name: "Delete" }).click();
    await confirm(session, "Delete");
    await page.getByRole("heading", { name: "Exchanges" }).waitFor();
  }),

  asGuest("the routing tester says where a message would go, and why", async (session) => {
    const { page } = session;
    await session.go("#/topology?vhost=shop");
    await page.getByLabel("Exchange").first().fill("orders");
    await page.getByLabel("Routing key").fill("order.paid");
    await page.getByRole("button", { name: "Where would it go?" }).click();
    await page.getByText("The message goes to 1 queue.").waitFor();
    await page.getByText("the pattern does not match the routing key").first().waitFor();
    await page.getByRole("textbox", { name: "Published by the user" }).fill("worker");
    await page.getByLabel("Routing key").fill("nobody.wants.this");
    await page.getByRole("button", { name: "Where would it go?" }).click();
    await page.locator("[role=status] .notice-bad").waitFor();
    await page.locator(".graph").getByText("orders.created").first().waitFor();
  }),

  asGuest("a connection is closed, and its client is told why", async (session, { address }) => {
    const { page } = session;
    const { default: amqp } = await import("amqplib");
    const client = await amqp.connect(`${address.amqp}/shop`, {
      clientProperties: { connection_name: "to be closed" },
    });
    const told = new Promise<Error>((resolve) => client.once("close", resolve));
    await session.go("#/connections");
    await page.getByRole("link", { name: "to be closed" }).click();
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("dialog").getByLabel("Reason").fill("maintenance at noon");
    await confirm(session, "Close");
    await page.getByRole("heading", { name: "Connections" }).waitFor();
    const { message } = await told;
    requireThat(message.includes("maintenance at noon"), `the client was told ${message}`);
  }),

  asGuest(
    "the introduction does its steps on the broker, and removes what it made",
    async (session, { address }) => {
      const { page } = session;
      for (const chapter of ["hello", "fanout", "topics", "mirroring"]) {
        await session.go(`#/learn?tab=${chapter}`);
        for (const button of await page.getByRole("button", { name: "Do it" }).all()) {
          await button.click();
          await page.locator(".toast-done").last().getByRole("button").click();
        }
      }
      const queues = async (): Promise<number> =>
        ((await callApi(address, "GET", "queues/%2F")) as unknown[]).length;
      requireThat((await queues()) === 6, `${await queues()} queues were made instead of 6`);
      await page.getByRole("button", { name: "Remove what the steps made" }).click();
      await session.toast("is gone");
      requireThat((await queues()) === 0, "queues of the introduction are left");
    },
  ),
];
