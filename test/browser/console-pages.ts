/** A page of the console: its address, and a text that stands there when its data have come. */
export interface ConsolePage {
  readonly name: string;
  readonly address: string;
  readonly shows: string;
}

/** Every page, with the objects of the demonstration. `node`: a node's name. */
export function consolePages(node: string): readonly ConsolePage[] {
  const queue = (tab: string): string => `#/queues/shop/orders.created?tab=${tab}`;
  return [
    { name: "overview", address: "#/", shows: "Queued messages" },
    { name: "connections", address: "#/connections", shows: "shop frontend" },
    { name: "channels", address: "#/channels", shows: "confirms" },
    { name: "consumers", address: "#/consumers", shows: "worker-orders.paid" },
    { name: "exchanges", address: "#/exchanges?quick=own", shows: "orders.dead" },
    { name: "exchange", address: "#/exchanges/shop/orders", shows: "order.created.#" },
    {
      name: "default-exchange",
      address: "#/exchanges/shop/amq.default",
      shows: "with its own name",
    },
    { name: "queues", address: "#/queues", shows: "orders.unpaid" },
    { name: "queue", address: queue("overview"), shows: "x-delivery-limit" },
    { name: "queue-consumers", address: queue("consumers"), shows: "worker-orders.created" },
    { name: "queue-bindings", address: queue("bindings"), shows: "order.created.#" },
    {
      name: "queue-messages",
      address: "#/queues/shop/emails?tab=messages",
      shows: "Nothing is taken from the queue",
    },
    { name: "queue-publish", address: queue("publish"), shows: "2 keeps the message on disk" },
    { name: "queue-replicas", address: queue("replicas"), shows: "Commit index" },
    {
      name: "queue-mirrors",
      address: "#/queues/shop/orders.paid?tab=replicas",
      shows: "Has all messages",
    },
    { name: "topology", address: "#/topology?vhost=shop", shows: "orders.created" },
    { name: "cluster", address: "#/cluster", shows: "If this node stopped now" },
    { name: "node", address: `#/nodes/${encodeURIComponent(node)}`, shows: "Data directory" },
    { name: "users", address: "#/users", shows: "alice" },
    { name: "user", address: "#/users/alice", shows: "Topic permissions" },
    { name: "vhosts", address: "#/vhosts", shows: "Orders of the shop" },
    { name: "vhost", address: "#/vhosts/shop", shows: "Who may enter" },
    { name: "policies", address: "#/policies", shows: "mirrored" },
    { name: "policy", address: "#/policies/shop/mirrored", shows: "Fits 4 queues" },
    { name: "limits", address: "#/limits", shows: "max-queues" },
    { name: "definitions", address: "#/definitions", shows: "File to import" },
    { name: "features", address: "#/feature-flags", shows: "quorum_queue" },
    { name: "learn", address: "#/learn", shows: "learn.hello" },
  ];
}
