import type { Group } from "./case.ts";
import { run, shop } from "./case.ts";

export const DEFINITIONS: Group = {
  name: "definitions",
  cases: [
    { ...shop("export a vhost", "export", "{dir}/shop.json"), file: "shop.json" },
    run("export all", "export", "{dir}/all.json"),
    run("delete the vhost", "delete", "vhost", "name=shop"),
    run("import all", "import", "{dir}/all.json"),
    {
      ...shop(
        "queues after the import",
        "list",
        "queues",
        "name",
        "durable",
        "arguments.x-max-length",
      ),
    },
    shop(
      "bindings after the import",
      "list",
      "bindings",
      "source",
      "destination",
      "properties_key",
    ),
    run("users after the import", "list", "users", "name", "tags"),
    run("a second vhost", "declare", "vhost", "name=copy"),
    run("import into a vhost", "-V", "copy", "import", "{dir}/shop.json"),
    run("exchanges of the copy", "-V", "copy", "list", "exchanges"),
    run("import a file that is not there", "import", "{dir}/none.json"),
  ],
};
