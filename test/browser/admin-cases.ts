import { type Case, requireThat } from "./case.ts";
import { callApi } from "./demo-broker.ts";
import { asGuest, confirm } from "./object-cases.ts";

/** What administrators do. */
export const ADMIN_CASES: readonly Case[] = [
  asGuest(
    "a user: add, permit, try, change without losing the password, delete",
    async (session, { address }) => {
      const { page } = session;
      await session.go("#/users");
      await page.locator("summary", { hasText: "Add a user" }).click();
      const form = page.locator("form", { hasText: "Add user" });
      await form.getByLabel("Name").fill("bob");
      await form.getByRole("button", { name: "Make one" }).click();
      const password = await form.getByLabel("Password").inputValue();
      requireThat(password.length >= 20, "the made password is short");
      await form.getByRole("button", { name: "Add user" }).click();
      await session.toast("is there");
      await page.getByRole("heading", { name: "User bob" }).waitFor();
      await page.locator("summary", { hasText: "Set permissions" }).click();
      const permissions = page.locator("form", { hasText: "Configure (declare" });
      await permissions.getByLabel("Virtual host").selectOption("shop");
      await permissions.getByRole("textbox", { name: /^Read/ }).fill("^emails$");
      await permissions.getByRole("button", { name: "Set", exact: true }).click();
      await session.toast("Permissions set");
      const trial = page.locator("form", { hasText: "Do what" });
      await trial.getByLabel("Virtual host").selectOption("shop");
      for (const [queue, verdict] of [
        ["emails", "Yes."],
        ["audit", "No."],
      ] as const) {
        await trial.getByLabel("Queue or exchange").fill(queue);
        await trial.getByRole("button", { name: "Try" }).click();
        await page.getByRole("status").getByText(verdict).waitFor();
      }
      await page.locator("summary", { hasText: "Change tags" }).click();
      const change = page.locator("form", { hasText: "Without a new password" });
      await change.getByLabel(/^monitoring/).check();
      await change.getByRole("button", { name: "Change" }).click();
      await session.toast("is changed");
      const authorization = `Basic ${Buffer.from(`bob:${password}`).toString("base64")}`;
      const { status } = await fetch(`${address.http}api/whoami`, { headers: { authorization } });
      requireThat(status === 200, `after the change of tags the password is answered by ${status}`);
      await page.getByRole("button", { name: "Delete", exact: true }).click();
      await confirm(session, "Delete", "bob");
      await page.getByRole("heading", { name: "Users" }).waitFor();
    },
  ),

  asGuest("topic permissions: set, and remove", async (session) => {
    const { page } = session;
    await session.go("#/users/alice");
    await page.locator("summary", { hasText: "Set topic permissions" }).click();
    const form = page.locator("form").filter({ has: page.locator('input[name="exchange"]') });
    await form.getByLabel("Virtual host").selectOption("shop");
    await form.getByLabel("Exchange").fill("orders");
    await form.getByRole("textbox", { name: "Write" }).fill("^order");
    await form.getByRole("button", { name: "Set", exact: true }).click();
    await session.toast("Permissions set");
    const section = page.locator("section.section", { hasText: "Topic permissions" });
    await section.getByRole("button", { name: "Remove" }).click();
    await session.toast("Permissions removed");
    await section.getByText("None.").waitFor();
  }),

  asGuest("a virtual host: add, trace, delete after typing its name", async (session) => {
    const { page } = session;
    await session.go("#/vhosts");
    await page.locator("summary", { hasText: "Add a virtual host" }).click();
    const form = page.locator("form", { hasText: "Add virtual host" });
    await form.getByRole("textbox", { name: "Name" }).fill("try out");
    await form.getByLabel("Description").fill("For a test");
    await form.getByRole("button", { name: "Add virtual host" }).click();
    await session.toast("is there");
    await page.getByRole("link", { name: "try out" }).click();
    await page.getByRole("button", { name: "Start tracing" }).click();
    await session.toast("amq.rabbitmq.trace");
    await page.getByRole("button", { name: "Stop tracing" }).click();
    await session.toast("stopped");
    await page.getByText("For a test").waitFor();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await confirm(session, "Delete", "try out");
    await page.getByRole("heading", { name: "Virtual hosts" }).waitFor();
    await page.getByRole("link", { name: "try out" }).waitFor({ state: "detached" });
  }),

  asGuest(
    "a policy: what it fits is shown while it is typed; set, change, delete",
    async (session) => {
      const { page } = session;
      await session.go("#/policies");
      await page.locator("summary", { hasText: "Add a policy" }).click();
      const form = page.locator("form", { hasText: "Set the policy" });
      await form.getByLabel("Virtual host").selectOption("shop");
      await form.getByLabel("Name", { exact: true }).first().fill("short");
      await form.getByRole("textbox", { name: "Pattern" }).fill("^em");
      await form.getByText("Fits 1 queue.").waitFor();
      await session.expecting(400, async () => {
        await form.getByRole("textbox", { name: "Pattern" }).fill("^em(");
        await form.locator(".notice-bad").waitFor();
      });
      await form.getByRole("textbox", { name: "Pattern" }).fill("^audit$");
      await form.getByText("Fits 1 queue.").waitFor();
      await form.getByRole("button", { name: "+ Max length bytes" }).click();
      await form.getByLabel("Value").last().fill("1000000");
      await form.getByRole("button", { name: "Set the policy" }).click();
      await session.toast("is set");
      await page.getByRole("link", { name: "short" }).click();
      // The form of the list has a priority, too.
      await page.getByRole("heading", { name: "Policy short" }).waitFor();
      await page.getByRole("spinbutton", { name: "Priority" }).fill("7");
      await page.getByRole("button", { name: "Set the policy" }).click();
      await session.toast("is set");
      await page.locator("dd", { hasText: /^7$/ }).waitFor();
      await page.getByRole("button", { name: "Delete", exact: true }).click();
      await confirm(session, "Delete");
      await page.getByRole("heading", { name: "Policies" }).waitFor();
      await page.getByText("Operator policies").click();
      await page.getByText("bounds").waitFor();
    },
  ),

  asGuest("a limit: set, seen beside its use, removed", async (session) => {
    const { page } = session;
    await session.go("#/limits");
    const section = page.locator("section.section", { hasText: "Of virtual hosts" });
    await section.getByText("6 of 50").waitFor();
    await section.locator("summary", { hasText: "Set a limit" }).click();
    await section.getByRole("combobox", { name: "Virtual host" }).selectOption("shop");
    await section.getByRole("spinbutton", { name: "At most" }).fill("99");
    await section.getByRole("button", { name: "Set", exact: true }).click();
    await session.toast("The limit is set");
    await section.getByText("2 of 99").waitFor();
    await section
      .locator("tr", { hasText: "max-connections" })
      .getByRole("button", { name: "Remove" })
      .click();
    await session.toast("removed");
    await section.locator("tbody", { hasText: "max-connections" }).waitFor({ state: "detached" });
    const ofUsers = page.locator("section.section", { hasText: "Of users" });
    await ofUsers.locator("summary", { hasText: "Set a limit" }).click();
    await ofUsers.getByRole("combobox", { name: "User" }).selectOption("guest");
    await ofUsers.getByRole("spinbutton", { name: "At most" }).fill("77");
    await ofUsers.getByRole("button", { name: "Set", exact: true }).click();
    await session.toast("The limit is set");
    await ofUsers.getByText("2 of 77").waitFor();
    await ofUsers.getByRole("button", { name: "Remove" }).click();
    await session.toast("removed");
  }),

  asGuest(
    "definitions: saved as a file, and imported after a look at what changes",
    async (session, { address }) => {
      const { page } = session;
      await session.go("#/definitions");
      const [download] = await Promise.all([
        page.waitForEvent("download"),
        page.getByRole("button", { name: "Save as a file" }).click(),
      ]);
      requireThat(download.suggestedFilename().endsWith(".json"), "the export is no JSON file");
      const definitions = (await callApi(address, "GET", "definitions")) as {
        queues: { name: string }[];
      };
      const [known] = definitions.queues;
      const queues = [known, { ...known, name: "imported" }];
      const file = {
        name: "new.json",
        mimeType: "application/json",
        buffer: Buffer.from(JSON.stringify({ queues })),
      };
      await page
        .getByLabel("File to import")
        .setInputFiles({ ...file, buffer: Buffer.from("no json") });
      await page.getByText("The file is not JSON").waitFor();
      await page.getByLabel("File to import").setInputFiles(file);
      await page.getByText(/1 is new, 0 are changed, 1 stays as it is/).waitFor();
      await page.getByRole("button", { name: "Import 1 change" }).click();
      await session.toast("Imported");
      await callApi(address, "DELETE", "queues/shop/imported");
    },
  ),
];
