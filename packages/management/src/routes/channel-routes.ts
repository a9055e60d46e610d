import { notFound } from "../http-error.ts";
import { LIST_QUERY } from "../lists/list-query.ts";
import { objectListAnswer, ownOrWatched } from "../lists/object-list.ts";
import { requireOwner } from "../server/authorise.ts";
import { objectAnswer } from "./answers.ts";
import { oneObject } from "./connection-routes.ts";
import { type Route, route } from "./route.ts";
import { requireVhost } from "./vhost-scope.ts";

export const CHANNEL_ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "/channels",
    may: "user",
    summary: "Open channels: those of one's own connections; all for those who may watch.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { channels } = request.node.objects;
      const refs = ownOrWatched(request.user, await channels.refs({}));
      return objectListAnswer(request, channels, refs);
    },
  }),
  route({
    method: "GET",
    path: "/vhosts/{vhost}/channels",
    may: "vhost",
    summary: "Open channels of a virtual host.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { name: vhost } = requireVhost(request, request.params.vhost);
      const { channels } = request.node.objects;
      const refs = ownOrWatched(request.user, await channels.refs({ vhost }));
      return objectListAnswer(request, channels, refs);
    },
  }),
  route({
    method: "GET",
    path: "/channels/{name}",
    may: "user",
    summary: "One channel, with its consumers.",
    handle: async (request) => {
      const { channels } = request.node.objects;
      const [ref] = await channels.refs({ name: request.params.name });
      if (ref === undefined) throw notFound();
      requireOwner(request.user, ref.user ?? "");
      return objectAnswer(request, await oneObject(request, channels, ref));
    },
  }),
  route({
    method: "GET",
    path: "/consumers",
    may: "user",
    summary: "Consumers: one's own; all for those who may watch.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { consumers } = request.node.objects;
      const refs = ownOrWatched(request.user, await consumers.refs({}));
      return objectListAnswer(request, consumers, refs);
    },
  }),
  route({
    method: "GET",
    path: "/consumers/{vhost}",
    may: "user",
    summary: "Consumers in a virtual host: one's own; all for those who may watch.",
    query: LIST_QUERY,
    handle: async (request) => {
      const { name: vhost } = requireVhost(request, request.params.vhost);
      const { consumers } = request.node.objects;
      const refs = ownOrWatched(request.user, await consumers.refs({ vhost }));
      return objectListAnswer(request, consumers, refs);
    },
  }),
];
