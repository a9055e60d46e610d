import { longstr } from "@leveret/amqp";
import type { LoginAttempt, LoginConnection, LoginResult } from "../../auth/authenticator.ts";
import type { Channel } from "../../connection/channel.ts";
import type { ChannelConsumer } from "../../connection/channel-consumer.ts";
import type { Connection } from "../../connection/connection.ts";
import { channelPid, connectionPid } from "../../control/pid-text.ts";
import type { BrokerEvent } from "./broker-events.ts";
import { address, type EventFields, flag, number, terms, text } from "./event-fields.ts";

type Told = Omit<BrokerEvent, "atMs">;

const AMQP_PROTOCOL = text("{0,9,1}");

/** An attempt to log in by any protocol. */
export function loginDecided(attempt: LoginAttempt, result: LoginResult): Told {
  const { username, remoteAddress, connection } = attempt;
  const fields: EventFields = {
    connection_type: text(connection === undefined ? "http" : "network"),
    name: text(result.ok ? result.identity.name : username),
    peer_host: address(remoteAddress),
    ...(connection === undefined ? {} : ofConnection(connection)),
  };
  if (result.ok) return { key: "user.authentication.success", fields };
  return {
    key: "user.authentication.failure",
    fields: { ...fields, error: text(result.why) },
  };
}

function ofConnection({ name, mechanism, isTls }: LoginConnection): EventFields {
  return {
    host: address(endOf(name, 1).host),
    connection_name: text(name),
    peer_port: number(endOf(name, 0).port),
    protocol: AMQP_PROTOCOL,
    auth_mechanism: text(mechanism),
    ssl: flag(isTls),
  };
}

export function connectionCreated(connection: Connection, node: string): Told {
  const { tls, client, user } = connection;
  const peer = endOf(connection.name, 0);
  const local = endOf(connection.name, 1);
  const certificate = tls?.peerCertificate;
  const validity =
    certificate === undefined ? "" : `${certificate.validFrom} - ${certificate.validTo}`;
  return {
    key: "connection.created",
    fields: {
      ...providedName(connection),
      type: text("network"),
      pid: text(connectionPid(node, connection.id)),
      name: text(connection.name),
      port: number(local.port),
      peer_port: number(peer.port),
      host: address(local.host),
      peer_host: address(peer.host),
      ssl: flag(tls !== undefined),
      peer_cert_subject: text(certificate?.subject ?? ""),
      peer_cert_issuer: text(certificate?.issuer ?? ""),
      peer_cert_validity: text(validity),
      auth_mechanism: text(connection.authMechanism),
      ssl_protocol: text(tls?.protocol ?? ""),
      ssl_key_exchange: text(""),
      ssl_cipher: text(tls?.cipher ?? ""),
      ssl_hash: text(""),
      protocol: AMQP_PROTOCOL,
      user: text(user),
      vhost: text(connection.vhost?.name ?? ""),
      timeout: number(connection.heartbeatSeconds),
      frame_max: number(connection.frameMax),
      channel_max: number(connection.channelMax),
      client_properties: terms(client.table),
      connected_at: number(connection.connectedAtMs),
      node: text(node),
      user_who_performed_action: text(user),
    },
  };
}

export function connectionClosed(connection: Connection, node: string): Told {
  return {
    key: "connection.closed",
    fields: {
      ...providedName(connection),
      name: text(connection.name),
      pid: text(connectionPid(node, connection.id)),
      node: text(node),
      client_properties: terms(connection.client.table),
    },
  };
}

export function channelCreated(channel: Channel, node: string): Told {
  const { connection, number: channelNumber, vhost } = channel;
  return {
    key: "channel.created",
    fields: {
      pid: text(channelPid(node, channel)),
      name: text(`${connection.name} (${channelNumber})`),
      connection: text(connectionPid(node, connection.id)),
      number: number(channelNumber),
      user: text(connection.user),
      vhost: text(vhost.name),
      user_who_performed_action: text(connection.user),
    },
  };
}

export function channelClosed(channel: Channel, node: string): Told {
  return {
    key: "channel.closed",
    fields: {
      pid: text(channelPid(node, channel)),
      user_who_performed_action: text(channel.connection.user),
    },
  };
}

export function consumerCreated(
  consumer: ChannelConsumer,
  more: { readonly exclusive: boolean; readonly prefetch: number; readonly node: string },
): Told {
  return {
    key: "consumer.created",
    fields: {
      consumer_tag: text(consumer.tag),
      exclusive: flag(more.exclusive),
      ack_required: flag(!consumer.noAck),
      channel: text(channelPid(more.node, consumer.channel)),
      ...ofQueue(consumer),
      prefetch_count: number(more.prefetch),
      arguments: terms(consumer.arguments),
      user_who_performed_action: text(consumer.channel.connection.user),
    },
  };
}

export function consumerDeleted(consumer: ChannelConsumer, node: string): Told {
  return {
    key: "consumer.deleted",
    fields: {
      consumer_tag: text(consumer.tag),
      channel: text(channelPid(node, consumer.channel)),
      ...ofQueue(consumer),
      user_who_performed_action: text(consumer.channel.connection.user),
    },
  };
}

function ofQueue({ queue }: ChannelConsumer): EventFields {
  return { queue: text(queue.record.name), vhost: text(queue.record.vhost) };
}

function providedName({ client }: Connection): EventFields {
  const name = client.connectionName;
  return name === undefined ? {} : { user_provided_name: longstr(name) };
}

/** `127.0.0.1:51234 -> 127.0.0.1:5672`: the client's end, or ours. */
function endOf(name: string, index: 0 | 1): { readonly host: string; readonly port: number } {
  const end = name.split(" -> ")[index] ?? "";
  const colon = end.lastIndexOf(":");
  return { host: end.slice(0, colon), port: Number(end.slice(colon + 1)) || 0 };
}
