export {
  ClusterPort,
  type ClusterPortOptions,
  type PurposeHandler,
  type RefusedConnection,
} from "./cluster-port.ts";
export { type CallOptions, ControlClient } from "./control-client.ts";
export {
  type ControlContext,
  type ControlMethod,
  ControlServer,
  type ControlServerOptions,
} from "./control-server.ts";
export {
  type CookieSource,
  cookieHash,
  findCookie,
  findOrMakeCookie,
  generateCookie,
  makeCookie,
  readCookie,
} from "./cookie.ts";
export { type DialCallbacks, type Dialling, type DialOptions, dial, dialed } from "./dial.ts";
export {
  ControlError,
  CookieFileError,
  CookieMismatchError,
  DialError,
  type DialErrorCode,
} from "./errors.ts";
export type { Hello, VersionRange } from "./handshake.ts";
export { isNodeName, type Purpose } from "./handshake-message.ts";
export {
  findLocalNode,
  type LocalNode,
  LocalNodeEntry,
  LocalNodeError,
  localNodes,
} from "./local-nodes.ts";
export type { PortTls } from "./socket-options.ts";
