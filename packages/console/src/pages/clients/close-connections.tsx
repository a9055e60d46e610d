import { remove } from "../../api/client.ts";
import type { ConnectionInfo } from "../../api/types.ts";
import { t, tn } from "../../i18n/translate.ts";
import { confirmAction } from "../../ui/confirm.tsx";
import { TextField } from "../../ui/fields.tsx";
import { perform } from "../../ui/toasts.tsx";

const TYPED_FROM = 5;

/** Closes connections after asking; their clients are told the reason. */
export async function closeConnections(connections: readonly ConnectionInfo[]): Promise<boolean> {
  let reason = "Closed via management console";
  const isSure = await confirmAction({
    title:
      connections.length === 1
        ? t("Close this connection?")
        : t("Close {n} connections?", { n: connections.length }),
    text: (
      <>
        <p>
          {t(
            "The broker closes them with code 320. What their consumers have not acknowledged goes back to its queue; most clients connect again by themselves.",
          )}
        </p>
        <ul>
          {connections.map((connection) => (
            <li key={connection.name}>{connectionTitle(connection)}</li>
          ))}
        </ul>
        <ReasonField
          initial={reason}
          onChange={(text) => {
            reason = text;
          }}
        />
      </>
    ),
    verb: t("Close"),
    typed: connections.length >= TYPED_FROM ? String(connections.length) : undefined,
  });
  return (
    isSure &&
    perform(tn(connections.length, "1 connection closed.", "{n} connections closed."), async () => {
      for (const connection of connections) {
        await remove(`connections/${encodeURIComponent(connection.name)}`, undefined, {
          "x-reason": headerText(reason),
        });
      }
    })
  );
}

function ReasonField(props: {
  readonly initial: string;
  readonly onChange: (text: string) => void;
}) {
  return (
    <div
      onInput={(event) =>
        event.target instanceof HTMLInputElement && props.onChange(event.target.value)
      }
    >
      <TextField label={t("Reason, which the clients are told")} value={props.initial} wide />
    </div>
  );
}

/** Headers hold ASCII; a reason in another script is sent percent-encoded. */
function headerText(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text);
}

/** The name that the client gave itself, or the addresses. */
export function connectionTitle(
  connection: Pick<ConnectionInfo, "name" | "user_provided_name">,
): string {
  return connection.user_provided_name ?? connection.name;
}
