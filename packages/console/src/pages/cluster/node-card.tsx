import type { JSX } from "preact";
import type { NodeInfo } from "../../api/types.ts";
import { bytes, count, duration } from "../../format/quantities.ts";
import { t } from "../../i18n/translate.ts";
import { NodeLink } from "../../ui/object-links.tsx";
import { Badge, Meter } from "../../ui/parts.tsx";

/** A node with what it uses of its limits. */
export function NodeCard(props: { readonly node: NodeInfo }): JSX.Element {
  const { node } = props;
  return (
    <article class="card" aria-label={node.name}>
      <h3>
        <NodeLink name={node.name} />
        <NodeState node={node} />
      </h3>
      {node.running === true && <NodeMeters node={node} />}
    </article>
  );
}

/** Whether the node runs, with its alarms in words. */
export function NodeState(props: { readonly node: NodeInfo }): JSX.Element {
  const { node } = props;
  return (
    <span>
      {node.running === true ? (
        <Badge text={t("running")} tone="good" />
      ) : (
        <Badge text={t("down")} tone="bad" />
      )}
      {node.mem_alarm === true && <Badge text={t("memory alarm")} tone="bad" />}
      {node.disk_free_alarm === true && <Badge text={t("disk alarm")} tone="bad" />}
      {(node.being_drained === true || node.maintenance === true) && (
        <Badge text={t("maintenance")} tone="warn" />
      )}
      {(node.partitions?.length ?? 0) > 0 && (
        <Badge
          text={t("cut off from {nodes}", { nodes: node.partitions?.join(", ") ?? "" })}
          tone="bad"
        />
      )}
    </span>
  );
}

/** What the node uses, each beside its limit. */
export function NodeMeters(props: { readonly node: NodeInfo }): JSX.Element {
  const { node } = props;
  return (
    <>
      <Meter
        label={t("Memory")}
        used={node.mem_used}
        limit={node.mem_limit}
        alarm={node.mem_alarm}
        text={t("{used} of {limit}", { used: bytes(node.mem_used), limit: bytes(node.mem_limit) })}
      />
      <DiskMeter node={node} />
      <Meter
        label={t("File descriptors")}
        used={node.fd_used}
        limit={node.fd_total}
        text={t("{used} of {limit}", { used: count(node.fd_used), limit: count(node.fd_total) })}
      />
      <Meter
        label={t("Sockets")}
        used={node.sockets_used}
        limit={node.sockets_total}
        text={t("{used} of {limit}", {
          used: count(node.sockets_used),
          limit: count(node.sockets_total),
        })}
      />
      <p class="muted small-text">{t("Up for {time}", { time: duration(node.uptime) })}</p>
    </>
  );
}

/** The bar is full when the free space has sunk to its limit. */
function DiskMeter(props: { readonly node: NodeInfo }): JSX.Element {
  const { disk_free: free, disk_free_limit: limit } = props.node;
  return (
    <Meter
      label={t("Disk")}
      used={free === undefined ? undefined : (limit ?? 0)}
      limit={free}
      alarm={props.node.disk_free_alarm}
      text={t("{free} free, limit {limit}", { free: bytes(free), limit: bytes(limit) })}
    />
  );
}
