/** One end of a TCP connection. */
export interface End {
  readonly host: string;
  readonly port: number;
}

/** The ends of a connection by its name: `127.0.0.1:51234 -> 127.0.0.1:5672`. */
export function endsOf(name: string): { readonly remote: End; readonly local: End } {
  const [remote = "", local = ""] = name.split(" -> ");
  return { remote: endOf(remote), local: endOf(local) };
}

function endOf(text: string): End {
  const at = text.lastIndexOf(":");
  return { host: text.slice(0, at), port: Number(text.slice(at + 1)) };
}
