import { Host } from "../host/host.ts";
import { expectEqual, expectMatch } from "../host/until.ts";
import { join, startAlone, statusOf } from "./form.ts";
import { type Scenario, withHost } from "./scenario.ts";

/** Exit codes and texts of RabbitMQ 3.10.8 (recorded by hand), where the reasons are the same. */
export const REFUSALS: Scenario = {
  name: "refusals",
  run: (step) =>
    withHost(Host.make(2), async (host) => {
      await startAlone(host);
      const refused = (line: string, code: number, text: RegExp): Promise<void> =>
        expectRefused(host, `rabbitmqctl ${line}`, { code, text });
      const [one, two] = ["rabbit1@localhost", "rabbit2@localhost"];
      step("a wrong cookie, and a node that is down");
      const cannot = (node: string): RegExp =>
        new RegExp(`^Error: unable to perform an operation on node '${node}'`);
      await refused(`-n ${one} --erlang-cookie WRONG status`, 69, cannot(one));
      await refused(`-n ${one} --erlang-cookie WRONG status`, 69, /cookie of leveretctl/);
      await refused(
        `-n ${one} --erlang-cookie WRONG ping`,
        69,
        /^Error:\nFailed to connect and authenticate to rabbit1@localhost in 60000 ms$/m,
      );
      await refused("-n rabbit9@localhost stop_app", 69, cannot("rabbit9@localhost"));
      await refused(
        "-n rabbit9@localhost status",
        69,
        /node 'rabbit9@localhost' does not run on this host; here run: \[rabbit1@localhost,rabbit2@localhost\]/,
      );

      step("what needs a stopped app, or a running one");
      const mustStop =
        /^Error: this command requires the 'rabbit' app to be stopped on the target node\. Stop it with 'rabbitmqctl stop_app'\.$/m;
      await refused(`-n ${two} join_cluster ${one}`, 64, mustStop);
      await refused(`-n ${two} reset`, 64, mustStop);
      await refused(`-n ${two} force_boot`, 64, mustStop);
      await host.ok(`rabbitmqctl -n ${two} stop_app`);
      const mustRun = /requires the 'rabbit' app to be running on the target node/;
      await refused(`-n ${two} status`, 64, mustRun);
      await refused(`-n ${two} list_queues`, 64, mustRun);

      step("joining itself, nobody, and twice");
      await refused(
        `-n ${two} join_cluster ${two}`,
        70,
        /^Error:\nError: cannot cluster node with itself: rabbit2@localhost$/m,
      );
      await refused(`-n ${two} join_cluster rabbit9@localhost`, 69, /^Error:\n/);
      await host.ok(`rabbitmqctl -n ${two} start_app`);
      await join(host, two);
      await host.ok(`rabbitmqctl -n ${two} stop_app`);
      expectEqual(
        "a second join",
        await host.ok(`rabbitmqctl -n ${two} join_cluster ${one}`),
        `Clustering node ${two} with ${one}\nThe node is already a member of this cluster\n`,
      );
      await host.ok(`rabbitmqctl -n ${two} start_app`);

      step("forgetting nodes that run, and one that is not there");
      for (const name of [one, two]) {
        const text = `RabbitMQ on node ${name} must be stopped with 'rabbitmqctl -n ${name} stop_app' before it can be removed`;
        await refused(
          `-n ${one} forget_cluster_node ${name}`,
          69,
          new RegExp(`^Error:\n${text}$`, "m"),
        );
      }
      await refused(
        `-n ${one} forget_cluster_node rabbit9@localhost`,
        69,
        /^Error:\n\{:not_a_cluster_node, 'The node selected is not in the cluster\.'\}$/m,
      );
      await refused(`-n ${one} forget_cluster_node --offline ${two}`, 64, /to be stopped/);

      step("a reset without another member");
      await host.ok(`rabbitmqctl -n ${two} stop_app`);
      await host.ok(`rabbitmqctl -n ${one} stop_app`);
      await refused(
        `-n ${one} reset`,
        69,
        /^Error:\n\{:no_running_cluster_nodes, 'You cannot leave a cluster if no online nodes are present\.'\}$/m,
      );
      await host.ok(`rabbitmqctl -n ${one} start_app`);
      await host.ok(`rabbitmqctl -n ${two} reset`);
      expectEqual("members", (await statusOf(host, one)).disk_nodes, [one]);
    }),
};

async function expectRefused(
  host: Host,
  line: string,
  { code, text }: { readonly code: number; readonly text: RegExp },
): Promise<void> {
  const result = await host.line(line);
  expectEqual(`exit code of ${line}`, result.code, code);
  expectMatch(line, result.error, text);
}
