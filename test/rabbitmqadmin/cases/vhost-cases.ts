import type { Group } from "./case.ts";
import { ODD, run } from "./case.ts";

export const VHOSTS: Group = {
  name: "vhosts",
  cases: [
    run("declare vhost", "declare", "vhost", "name=shop"),
    run("declare vhost again", "declare", "vhost", "name=shop"),
    run("declare vhost with tracing", "declare", "vhost", "name=traced", "tracing=true"),
    run("declare vhost with an odd name", "declare", "vhost", `name=${ODD}`),
    run("declare vhost without a name", "declare", "vhost"),
    run("declare vhost with an unknown argument", "declare", "vhost", "name=x", "colour=red"),
    run("list vhosts", "list", "vhosts", "name", "tracing"),
    run("list vhosts, quietly", "-q", "list", "vhosts", "name"),
    run("delete vhost", "delete", "vhost", "name=traced"),
    run("delete vhost that is gone", "delete", "vhost", "name=traced"),
    run("queues of a vhost with an odd name", "-V", ODD, "declare", "queue", "name=q"),
    run("delete vhost with an odd name", "delete", "vhost", `name=${ODD}`),
  ],
};
