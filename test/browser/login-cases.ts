import { type Case, requireNone, requireThat } from "./case.ts";
import { ConsoleSession } from "./console-session.ts";

/** Logins, sessions, keys. */
export const LOGIN_CASES: readonly Case[] = [
  {
    name: "a wrong password is told in the form, and the page asked for comes after the login",
    run: async ({ browser, address }) => {
      const session = await ConsoleSession.open(browser, {
        base: `${address.http}#/queues/shop/emails`,
      });
      const { page } = session;
      page.on("dialog", () => {
        throw new Error("the browser asked by itself");
      });
      await session.expecting(401, async () => {
        await page.getByLabel("User name").fill("guest");
        await page.getByLabel("Password", { exact: true }).fill("wrong");
        await page.keyboard.press("Enter");
        await page.getByRole("alert").filter({ hasText: "Wrong name or password" }).waitFor();
      });
      await session.logIn();
      await page.getByRole("heading", { name: /Queue emails/ }).waitFor();
      requireNone("problems", session.takeProblems());
      await session.close();
    },
  },
  {
    name: "a session that ended elsewhere leads back to the login, and from there to the page",
    run: async ({ browser, address }) => {
      const session = await ConsoleSession.open(browser, { base: address.http });
      const { page } = session;
      await session.logIn();
      await session.go("#/exchanges");
      await session.expecting(401, async () => {
        await page.context().clearCookies();
        await page.keyboard.press("r");
        await page.getByText("Your session has ended").waitFor();
      });
      await session.logIn();
      await page.getByRole("heading", { name: /Exchanges/ }).waitFor();
      await session.close();
    },
  },
  {
    name: "logging out ends the session at the broker",
    run: async ({ browser, address }) => {
      const session = await ConsoleSession.open(browser, { base: address.http });
      const { page } = session;
      await session.logIn();
      const cookies = await page.context().cookies();
      await page.locator("summary", { hasText: "guest" }).click();
      await page.getByRole("button", { name: "Log out" }).click();
      await page.getByText("You have logged out").waitFor();
      const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
      requireThat(
        cookies.length === 1 && cookies[0]?.httpOnly === true,
        "the session is in one cookie that scripts cannot read",
      );
      const { status } = await fetch(`${address.http}api/whoami`, { headers: { cookie } });
      requireThat(status === 401, `the old cookie is answered by ${status}`);
      await session.close();
    },
  },
  {
    name: "a user without rights of an administrator sees only what he may",
    run: async ({ browser, address }) => {
      const session = await ConsoleSession.open(browser, { base: address.http });
      const { page } = session;
      await session.logIn("alice", "alice-secret");
      const menu = page.getByRole("navigation", { name: "Main" });
      requireThat((await menu.getByText("Cluster").count()) === 0, "alice is offered the cluster");
      for (const at of [
        "#/",
        "#/queues",
        "#/connections",
        "#/exchanges",
        "#/vhosts",
        "#/policies",
        "#/feature-flags",
        "#/queues/shop/emails",
      ]) {
        await session.go(at);
      }
      requireNone("problems", session.takeProblems());
      await session.close();
    },
  },
];

/** Everything by keys, from the login on. */
export const KEYBOARD_CASE: Case = {
  name: "the keyboard is enough",
  run: async ({ browser, address }) => {
    const session = await ConsoleSession.open(browser, { base: address.http });
    const { page } = session;
    const { keyboard } = page;
    await page.locator("form").waitFor();
    await keyboard.type("guest");
    await keyboard.press("Tab");
    await keyboard.type("guest");
    await keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await keyboard.press("g");
    await keyboard.press("q");
    await page.getByRole("heading", { name: /Queues/ }).waitFor();
    await page.locator("td >> text=emails").waitFor();
    await keyboard.press("/");
    await keyboard.type("orders.p");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
    await keyboard.press("Escape");
    await page.locator("h1").click();
    await keyboard.press("j");
    await keyboard.press("Enter");
    await page.getByRole("heading", { name: /Queue orders.paid/ }).waitFor();
    await keyboard.press("Control+k");
    await page.locator(".palette input:focus").waitFor();
    await keyboard.type("emai");
    await page.getByRole("option", { name: /emails/ }).waitFor();
    await keyboard.press("Enter");
    await page.getByRole("heading", { name: /Queue emails/ }).waitFor();
    await keyboard.press("?");
    await page.getByRole("dialog").getByText("filter the list").waitFor();
    await keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    requireNone("without a visible focus", await tabThrough(session));
    requireNone("problems", session.takeProblems());
    await session.close();
  },
};

const STOPS_MAX = 60;

/** Goes through the page by Tab; what is reached without being visible or marked. */
async function tabThrough({ page }: ConsoleSession): Promise<readonly string[]> {
  const hidden: string[] = [];
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    await page.keyboard.press("Tab");
    const fault = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return undefined;
      const style = getComputedStyle(element);
      const label = element.closest("label");
      const isMarked =
        style.outlineStyle !== "none" ||
        (label !== null && getComputedStyle(label).outlineStyle !== "none");
      const { width } = element.getBoundingClientRect();
      return isMarked && width > 0 ? "" : element.outerHTML.slice(0, 120);
    });
    if (fault === undefined) break;
    if (fault !== "") hidden.push(fault);
  }
  return hidden;
}
