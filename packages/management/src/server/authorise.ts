import { notAuthorised } from "../http-error.ts";
import type { ManagedNode } from "../managed-node.ts";
import { hasTag, type Identity } from "../model/identity.ts";
import type { WhoMay } from "../routes/route.ts";

/** Ends the request unless the user may use the route; the texts are RabbitMQ's. @throws HttpError 401 */
export function authorise(
  node: ManagedNode,
  user: Identity,
  { may, vhost }: { readonly may: WhoMay; readonly vhost: string | undefined },
): void {
  const reason = refusal(node, user, { may, vhost });
  if (reason !== undefined) throw notAuthorised(reason);
}

const NO_VHOST = "User not authorised to access virtual host";
const NO_OBJECT = "User not authorised to access object";

function refusal(
  { access }: ManagedNode,
  user: Identity,
  { may, vhost }: { readonly may: WhoMay; readonly vhost: string | undefined },
): string | undefined {
  const canEnter = (): boolean => vhost === undefined || access.canEnterVhost(user, vhost);
  const when = (isAllowed: boolean, reason: string): string | undefined =>
    isAllowed ? undefined : reason;
  switch (may) {
    case "anyone":
    case "user":
      return undefined;
    case "monitoring":
      return when(hasTag(user, "monitoring"), "Not monitor user");
    case "policymaker":
      return when(hasTag(user, "policymaker"), NO_OBJECT);
    case "administrator":
      return when(hasTag(user, "administrator"), "Not administrator user");
    case "vhost":
      return when(canEnter(), NO_VHOST);
    case "visible vhost":
      return when(hasTag(user, "monitoring") || canEnter(), NO_VHOST);
    case "vhost policymaker":
      return when(hasTag(user, "policymaker") && canEnter(), NO_OBJECT);
    default:
      return may satisfies never;
  }
}

/** For objects that belong to a user: himself, and who may watch all. @throws HttpError 401 */
export function requireOwner(user: Identity, owner: string): void {
  if (user.name !== owner && !hasTag(user, "monitoring")) throw notAuthorised(NO_OBJECT);
}
