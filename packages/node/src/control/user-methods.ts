import { ControlError } from "@leveret/control";
import * as v from "valibot";
import { makePasswordHash } from "../auth/password.ts";
import type { BrokerNode } from "../broker/broker-node.ts";
import type { HashingAlgorithm, UserRecord } from "../metadata/records.ts";
import { change, type NodeMethods, requireUser, whileRunning } from "./control-method.ts";
import { COLUMNS, DICTIONARY, limitEntries, listed } from "./method-params.ts";

const NAME = { name: v.string() };

export const USER_METHODS: NodeMethods = {
  add_user: whileRunning(
    v.object({ ...NAME, password: v.optional(v.string()), passwordHash: v.optional(v.string()) }),
    async ({ broker }, { name, password, passwordHash }) => {
      const hashed =
        password === undefined
          ? { passwordHash: passwordHash ?? "", ...algorithmOf(broker) }
          : await hashedPassword(broker, password);
      return change(broker, { type: "addUser", name, ...hashed, tags: [] });
    },
  ),
  delete_user: whileRunning(v.object(NAME), ({ broker }, { name }) => {
    requireUser(broker, name);
    return change(broker, { type: "deleteUser", name });
  }),
  change_password: whileRunning(
    v.object({ ...NAME, password: v.string() }),
    async ({ broker }, { name, password }) => {
      requireUser(broker, name);
      const hashed = await hashedPassword(broker, password);
      return change(broker, { type: "setUserPassword", name, ...hashed });
    },
  ),
  clear_password: whileRunning(v.object(NAME), ({ broker }, { name }) =>
    change(broker, { type: "setUserPassword", name, passwordHash: "", ...algorithmOf(broker) }),
  ),
  authenticate_user: whileRunning(
    v.object({ ...NAME, password: v.string() }),
    async ({ broker }, { name: username, password }) => {
      const isRight = await broker.broker.authenticator.accepts(username, password);
      if (!isRight) throw new ControlError("authentication_failed", "invalid credentials");
    },
  ),
  set_user_tags: whileRunning(
    v.object({ ...NAME, tags: v.array(v.string()) }),
    ({ broker }, { name, tags }) => change(broker, { type: "setUserTags", name, tags }),
  ),
  list_users: whileRunning(v.object(COLUMNS), ({ broker }, { columns }) =>
    listed(USER_COLUMNS, columns, broker.administration.metadata.users()),
  ),
  set_user_limits: whileRunning(
    v.object({ ...NAME, limits: DICTIONARY }),
    ({ broker }, { name, limits }) => change(broker, { type: "setUserLimits", name, limits }),
  ),
  clear_user_limits: whileRunning(
    v.object({ ...NAME, limit: v.optional(v.string()) }),
    ({ broker }, { name, limit }) => change(broker, { type: "clearUserLimits", name, limit }),
  ),
  list_user_limits: whileRunning(
    v.object({ name: v.optional(v.string()) }),
    async ({ broker }, { name }) => {
      if (name !== undefined) requireUser(broker, name);
      const users = broker.administration.metadata.users();
      const wanted = users.filter((user) => name === undefined || user.name === name);
      return wanted.map((user) => [user.name, userLimits(user)]);
    },
  ),
};

const USER_COLUMNS = {
  user: ({ name }: UserRecord) => name,
  tags: ({ tags }: UserRecord) => tags,
};

/** Checks the password against the rule for passwords, too. @throws ControlError */
async function hashedPassword(
  { administration }: BrokerNode,
  password: string,
): Promise<{ readonly passwordHash: string; readonly hashingAlgorithm: HashingAlgorithm }> {
  const problem = administration.checkPassword(password);
  if (problem !== undefined) throw new ControlError("credential_validation_failed", problem);
  const { hashingAlgorithm } = administration;
  const passwordHash = await makePasswordHash(password, hashingAlgorithm);
  return { passwordHash, hashingAlgorithm };
}

function algorithmOf({ administration }: BrokerNode): {
  readonly hashingAlgorithm: HashingAlgorithm;
} {
  return { hashingAlgorithm: administration.hashingAlgorithm };
}

function userLimits({ limits }: UserRecord): Readonly<Record<string, number>> {
  return limitEntries([
    ["max-connections", limits.maxConnections],
    ["max-channels", limits.maxChannels],
  ]);
}
