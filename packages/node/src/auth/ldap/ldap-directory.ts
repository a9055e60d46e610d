import { type Client, EqualityFilter, NoSuchObjectError, PresenceFilter } from "ldapts";
import type { Directory } from "./directory.ts";

/** Objects that one question may find: groups of one user. */
const FOUND_MAX = 1000;
/** Asks for no attributes (RFC 4511, 4.5.1.8). */
const NO_ATTRIBUTES = "1.1";

/** A directory behind an LDAP connection that is bound. */
export class LdapDirectory implements Directory {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  async exists(dn: string): Promise<boolean> {
    const filter = new PresenceFilter({ attribute: "objectClass" });
    const found = await this.#search(dn, {
      scope: "base",
      filter,
      attributes: [NO_ATTRIBUTES],
      sizeLimit: 1,
    });
    return found.length > 0;
  }

  async hasValue(dn: string, attribute: string, value: string): Promise<boolean> {
    const filter = new EqualityFilter({ attribute, value });
    const found = await this.#search(dn, {
      scope: "base",
      filter,
      attributes: [NO_ATTRIBUTES],
      sizeLimit: 1,
    });
    return found.length > 0;
  }

  async attribute(dn: string, attribute: string): Promise<string | undefined> {
    const filter = new PresenceFilter({ attribute: "objectClass" });
    const attributes = [attribute];
    const [entry] = await this.#search(dn, { scope: "base", filter, attributes, sizeLimit: 1 });
    const key = Object.keys(entry ?? {}).find(
      (name) => name.toLowerCase() === attribute.toLowerCase() && name !== "dn",
    );
    const value = key === undefined ? undefined : entry?.[key];
    const values = Array.isArray(value) ? value : [value];
    const [only] = values;
    return values.length === 1 && typeof only === "string" ? only : undefined;
  }

  async objectsWith(base: string, attribute: string, value: string): Promise<readonly string[]> {
    const filter = new EqualityFilter({ attribute, value });
    const found = await this.#search(base, {
      scope: "sub",
      filter,
      attributes: [NO_ATTRIBUTES],
      sizeLimit: FOUND_MAX,
    });
    return found.map(({ dn }) => dn);
  }

  async #search(
    base: string,
    options: Parameters<Client["search"]>[1],
  ): Promise<Awaited<ReturnType<Client["search"]>>["searchEntries"]> {
    try {
      const { searchEntries } = await this.#client.search(base, options);
      return searchEntries;
    } catch (error) {
      if (error instanceof NoSuchObjectError) return [];
      throw error;
    }
  }
}
