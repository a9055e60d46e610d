/** What queries ask an LDAP directory, on behalf of whoever is bound. An object that is not there is no error. */
export interface Directory {
  exists(dn: string): Promise<boolean>;
  /** Whether one of the attribute's values is that one, as the directory compares them. */
  hasValue(dn: string, attribute: string, value: string): Promise<boolean>;
  /** The attribute's value; undefined: there is none, or there are several. */
  attribute(dn: string, attribute: string): Promise<string | undefined>;
  /** Names of the objects below `base` with that value. */
  objectsWith(base: string, attribute: string, value: string): Promise<readonly string[]>;
}
