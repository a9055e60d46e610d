import type { JSX } from "preact";
import { t } from "../i18n/translate.ts";
import type { NodeProgress } from "./session.ts";

/** Why nobody can log in yet, and what an operator can do; nothing once the node runs. */
export function NotRunning(props: { readonly progress: NodeProgress }): JSX.Element | null {
  const { state, awaited = [] } = props.progress;
  switch (state ?? "running") {
    case "running":
      return null;
    case "waiting":
      return (
        <div class="notice" role="status">
          <p>
            {t(
              "This node starts and waits for {nodes}, which ran last. Start them; it then goes on by itself.",
              { nodes: awaited.join(", ") },
            )}
          </p>
          <p class="small-text">
            {t(
              "If they are lost for good, this node can go on with what it has; what only they had stored is lost:",
            )}{" "}
            <code>leveretctl force_boot</code>
          </p>
        </div>
      );
    case "starting":
      return (
        <p class="notice" role="status">
          {t("This node is starting.")}
        </p>
      );
    case "stopped":
      return (
        <div class="notice" role="status">
          <p>{t("The broker in this node is stopped.")}</p>
          <p class="small-text">
            <code>leveretctl start_app</code>
          </p>
        </div>
      );
  }
}
