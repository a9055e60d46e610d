import { fieldTableToJson } from "@leveret/amqp";
import type { JsonObject } from "@leveret/management";
import type { Connection } from "../../connection/connection.ts";
import { endsOf } from "../../connection/connection-ends.ts";
import type { TlsFacts } from "../../connection/tls-facts.ts";
import type { ObjectColumns } from "./object-columns.ts";

/**
 * A connection as GET /api/connections shows it. What RabbitMQ tells of its Erlang processes (reductions, garbage_collection) is left
 * out.
 */
export function connectionColumns(nodeName: string): ObjectColumns<Connection> {
  return {
    ...FACTS,
    ...tlsFacts(null),
    node: () => nodeName,
  };
}

/** As the answer about a single connection shows it. */
export function connectionDetailColumns(nodeName: string): ObjectColumns<Connection> {
  return { ...connectionColumns(nodeName), ...tlsFacts("") };
}

const FACTS: ObjectColumns<Connection> = {
  name: ({ name }) => name,
  user_provided_name: ({ client }) => client.connectionName,
  vhost: ({ vhost }) => vhost?.name ?? "",
  user: ({ user }) => user,
  user_who_performed_action: ({ user }) => user,
  type: () => "network",
  protocol: () => "AMQP 0-9-1",
  state: ({ isBlocked }) => (isBlocked ? "blocked" : "running"),
  host: ({ name }) => endsOf(name).local.host,
  port: ({ name }) => endsOf(name).local.port,
  peer_host: ({ name }) => endsOf(name).remote.host,
  peer_port: ({ name }) => endsOf(name).remote.port,
  auth_mechanism: ({ authMechanism }) => authMechanism,
  channels: ({ channels }) => channels.size,
  channel_max: ({ channelMax }) => channelMax,
  frame_max: ({ frameMax }) => frameMax,
  timeout: ({ heartbeatSeconds }) => heartbeatSeconds,
  connected_at: ({ connectedAtMs }) => connectedAtMs,
  client_properties: ({ client }) => fieldTableToJson(client.table) as JsonObject,
  recv_oct: ({ sockets }) => sockets.receivedBytes,
  recv_cnt: ({ receivedPackets }) => receivedPackets,
  send_oct: ({ sockets }) => sockets.sentBytes,
  send_cnt: ({ output }) => output.flushCount,
  send_pend: ({ output }) => output.unwritten,
};

/** `none` stands where there is no TLS, or no certificate of the client: null in lists, "" of a single connection (RabbitMQ). */
function tlsFacts(none: "" | null): ObjectColumns<Connection> {
  const of =
    (find: (tls: TlsFacts) => string | undefined) =>
    ({ tls }: Connection) =>
      (tls && find(tls)) ?? none;
  return {
    ssl: ({ tls }) => tls !== undefined,
    ssl_protocol: of(({ protocol }) => protocol),
    ssl_cipher: of(({ cipher }) => cipher),
    ssl_hash: of(({ cipher }) => /SHA\d*$/.exec(cipher)?.[0]),
    ssl_key_exchange: of(({ cipher }) => /^TLS_(.+)_WITH_/.exec(cipher)?.[1]),
    peer_cert_subject: of(({ peerCertificate }) => peerCertificate?.subject),
    peer_cert_issuer: of(({ peerCertificate }) => peerCertificate?.issuer),
    peer_cert_validity: of(
      ({ peerCertificate }) =>
        peerCertificate && `${peerCertificate.validFrom} - ${peerCertificate.validTo}`,
    ),
  };
}
