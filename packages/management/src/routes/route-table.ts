import { CONSOLE_ROUTES } from "../console/console-routes.ts";
import { INSPECTION_ROUTES } from "../console/inspection-routes.ts";
import { MOVE_ROUTES } from "../console/move-routes.ts";
import { NODE_CONTROL_ROUTES } from "../console/node-control-routes.ts";
import { AUTH_ATTEMPT_ROUTES } from "./auth-attempt-routes.ts";
import { BINDING_ROUTES } from "./binding-routes.ts";
import { CHANNEL_ROUTES } from "./channel-routes.ts";
import { CLUSTER_ROUTES } from "./cluster-routes.ts";
import { CONNECTION_ROUTES } from "./connection-routes.ts";
import { DEFINITION_ROUTES } from "./definition-routes.ts";
import { documentationRoutes } from "./documentation-routes.ts";
import { EXCHANGE_ROUTES } from "./exchange-routes.ts";
import { FEATURE_ROUTES } from "./feature-routes.ts";
import { GET_ROUTES } from "./get-routes.ts";
import { HEALTH_ROUTES } from "./health-routes.ts";
import { USER_LIMIT_ROUTES, VHOST_LIMIT_ROUTES } from "./limit-routes.ts";
import { LISTENER_CHECK_ROUTES } from "./listener-check-routes.ts";
import { LOGIN_ROUTES } from "./login-routes.ts";
import { GLOBAL_PARAMETER_ROUTES, PARAMETER_ROUTES } from "./parameter-routes.ts";
import { PERMISSION_ROUTES, TOPIC_PERMISSION_ROUTES } from "./permission-routes.ts";
import { OPERATOR_POLICY_ROUTES, POLICY_ROUTES } from "./policy-routes.ts";
import { QUEUE_ROUTES } from "./queue-routes.ts";
import { REPLICA_ROUTES } from "./replica-routes.ts";
import type { Route, RouteTopics } from "./route.ts";
import { STATISTICS_ROUTES } from "./statistics-routes.ts";
import { USER_ROUTES } from "./user-routes.ts";
import { VHOST_ROUTES } from "./vhost-routes.ts";

/** Topics in the order of the API's documentation, each with its routes. */
const ROUTE_TOPICS: RouteTopics = {
  Cluster: [...CLUSTER_ROUTES, ...STATISTICS_ROUTES],
  Connections: [...CONNECTION_ROUTES, ...CHANNEL_ROUTES],
  Exchanges: EXCHANGE_ROUTES,
  Queues: [...QUEUE_ROUTES, ...GET_ROUTES, ...REPLICA_ROUTES],
  Bindings: BINDING_ROUTES,
  "Virtual hosts": VHOST_ROUTES,
  Users: USER_ROUTES,
  Permissions: [...PERMISSION_ROUTES, ...TOPIC_PERMISSION_ROUTES],
  Limits: [...VHOST_LIMIT_ROUTES, ...USER_LIMIT_ROUTES],
  Policies: [...POLICY_ROUTES, ...OPERATOR_POLICY_ROUTES],
  Parameters: [...PARAMETER_ROUTES, ...GLOBAL_PARAMETER_ROUTES],
  Definitions: DEFINITION_ROUTES,
  Login: [...LOGIN_ROUTES, ...AUTH_ATTEMPT_ROUTES],
  Console: [...CONSOLE_ROUTES, ...INSPECTION_ROUTES, ...MOVE_ROUTES, ...NODE_CONTROL_ROUTES],
  Features: FEATURE_ROUTES,
  "Health checks": [...HEALTH_ROUTES, ...LISTENER_CHECK_ROUTES],
  Documentation: documentationRoutes(() => ROUTE_TOPICS),
};

/** All routes of the API. */
export const ROUTES: readonly Route[] = Object.values(ROUTE_TOPICS).flat();
