import type { ManagementServer } from "@leveret/management";
import type { ManagementListenerConfig, TlsConfig } from "../config/config.ts";
import { ListenError } from "../connection/listen-error.ts";
import { TlsOptionsError, tlsServerOptions } from "../connection/tls-options.ts";
import type { Logging } from "../logger.ts";

/** How texts name what listens. */
export interface HttpWords {
  /** Of the configuration's keys of TLS: `management.ssl`. */
  readonly tlsKeys: string;
  /** `management API` */
  readonly what: string;
  /** `--management-port` */
  readonly flag: string;
}

/**
 * Opens a port of an HTTP server of this node. One that nobody asked for, and that another process has, is only a warning.
 * @throws ListenError, TlsOptionsError
 */
export async function listenHttp(
  server: Pick<ManagementServer, "listen">,
  options: ManagementListenerConfig,
  { words, log }: { readonly words: HttpWords; readonly log: Logging["root"] },
): Promise<void> {
  const { tls, isOptional } = options;
  const tlsOptions = tls === undefined ? undefined : secureOptions(tls, words.tlsKeys);
  try {
    await server.listen({ ...options, tls: tlsOptions });
  } catch (error) {
    // What node:net says if it cannot listen.
    const refusal = new ListenError(options, error as NodeJS.ErrnoException);
    if (!isOptional) throw refusal;
    log.warn(`no ${words.what}: ${refusal.message}; ${words.flag} sets another port, or off`);
  }
}

function secureOptions(tls: TlsConfig, keys: string): ReturnType<typeof tlsServerOptions> {
  try {
    return tlsServerOptions(tls);
  } catch (error) {
    if (!(error instanceof TlsOptionsError)) throw error;
    throw new TlsOptionsError(error.message.replaceAll("ssl_options", keys), { cause: error });
  }
}
