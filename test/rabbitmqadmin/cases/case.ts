/** How the output of a command is compared. */
export type OutputKind =
  /** Byte by byte, after `normalised`. */
  | "text"
  /** Parsed, so that the order of keys does not count. */
  | "json"
  /** Its lines in any order. */
  | "lines";

/** One call of rabbitmqadmin. They run one after the other on a broker that is new at the first one. */
export interface Case {
  readonly name: string;
  /** `{dir}` is a folder for files, `{port}` the port of the API, `{connection}` the name of a client's connection. */
  readonly args: readonly string[];
  readonly stdin?: string;
  /** Default: "text". */
  readonly output?: OutputKind;
  /** What differs from one run to the next, and is cut out. */
  readonly without?: readonly RegExp[];
  /** RabbitMQ gets so many times as long to show it: queues with a log tell their counts every five seconds. */
  readonly patience?: number;
  /** A file that the command writes, and that is compared, too. */
  readonly file?: string;
  /** The output is a text of the tool itself: recordings hold a hash of it only. */
  readonly isToolText?: boolean;
}

/** A part of the run that needs a client of AMQP meanwhile. */
export interface Group {
  readonly name: string;
  /** A client has a connection with two channels and a consumer in vhost `shop`. */
  readonly withClient?: boolean;
  readonly cases: readonly Case[];
}

/** A name with all that has to be escaped somewhere. */
export const ODD = "odd / % # ? + é &=";
export const FORMATS = ["raw_json", "pretty_json", "tsv", "long", "table", "kvp", "bash"] as const;
export const SHOP = ["-V", "shop"] as const;
/** A password's hash has a salt. */
export const HASH = /[A-Za-z0-9+/]{44,}={0,2}/g;

export function run(name: string, ...args: readonly string[]): Case {
  return { name, args };
}

/** In vhost `shop`. */
export function shop(name: string, ...args: readonly string[]): Case {
  return { name, args: [...SHOP, ...args] };
}
