import type { JSX } from "preact";
import type { PageProps } from "../../app/pages.ts";
import { href } from "../../app/router.ts";
import { isAllowed } from "../../app/session.ts";
import { t } from "../../i18n/translate.ts";
import { useCurrentInSight } from "../../ui/current-link.ts";
import { DefinitionsPage } from "./definitions-page.tsx";
import { FeaturesPage } from "./features-page.tsx";
import { LimitsPage } from "./limits-page.tsx";
import { PoliciesPage } from "./policies-page.tsx";
import { PolicyPage } from "./policy-page.tsx";
import { UserPage } from "./user-page.tsx";
import { UsersPage } from "./users-page.tsx";
import { VhostPage } from "./vhost-page.tsx";
import { VhostsPage } from "./vhosts-page.tsx";

interface Part {
  readonly at: string;
  readonly label: string;
  readonly isVisible: boolean;
}

function parts(): readonly Part[] {
  const isAdministrator = isAllowed("administrator");
  return [
    { at: "users", label: t("Users"), isVisible: isAdministrator },
    { at: "vhosts", label: t("Virtual hosts"), isVisible: true },
    { at: "policies", label: t("Policies"), isVisible: true },
    { at: "limits", label: t("Limits"), isVisible: isAdministrator },
    { at: "definitions", label: t("Definitions"), isVisible: isAdministrator },
    { at: "feature-flags", label: t("Features"), isVisible: true },
  ].filter((part) => part.isVisible);
}

/** What administrators look after; the first part if none is named. */
export function AdminPages({ rest }: PageProps): JSX.Element {
  const shown = parts();
  const [at = shown[0]?.at ?? "", ...names] = rest;
  const menu = useCurrentInSight(at);
  return (
    <>
      <nav ref={menu} class="tabs" aria-label={t("Admin")}>
        {shown.map((part) => (
          <a
            key={part.at}
            href={href([part.at])}
            aria-current={part.at === at ? "page" : undefined}
          >
            {part.label}
          </a>
        ))}
      </nav>
      <PartPage at={at} names={names} />
    </>
  );
}

function PartPage(props: { readonly at: string; readonly names: readonly string[] }): JSX.Element {
  const [first, second] = props.names;
  switch (props.at) {
    case "users":
      return first === undefined ? <UsersPage /> : <UserPage key={first} name={first} />;
    case "vhosts":
      return first === undefined ? <VhostsPage /> : <VhostPage key={first} name={first} />;
    case "policies":
      return first === undefined || second === undefined ? (
        <PoliciesPage />
      ) : (
        <PolicyPage key={`${first}/${second}`} vhost={first} name={second} />
      );
    case "limits":
      return <LimitsPage />;
    case "definitions":
      return <DefinitionsPage />;
    default:
      return <FeaturesPage />;
  }
}
