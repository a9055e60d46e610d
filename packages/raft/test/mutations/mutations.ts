import { ELECTION_MUTATIONS } from "./election-mutations.ts";
import { HOST_MUTATIONS } from "./host-mutations.ts";
import { MEMBERSHIP_MUTATIONS } from "./membership-mutations.ts";
import type { FinderKind, Mutation, MutationList } from "./mutation.ts";
import { RECOVERY_MUTATIONS } from "./recovery-mutations.ts";
import { REPLICATION_MUTATIONS } from "./replication-mutations.ts";
import { STORE_MUTATIONS } from "./store-mutations.ts";
import { TRANSPORT_MUTATIONS } from "./transport-mutations.ts";

const CORE_FINDERS: readonly FinderKind[] = ["scenarios", "simulator"];

export const MUTATION_LISTS: readonly MutationList[] = [
  { part: "core: elections", finders: CORE_FINDERS, mutations: ELECTION_MUTATIONS },
  { part: "core: replication and reads", finders: CORE_FINDERS, mutations: REPLICATION_MUTATIONS },
  { part: "core: members and snapshots", finders: CORE_FINDERS, mutations: MEMBERSHIP_MUTATIONS },
  {
    part: "core: damage, sleep and fences",
    finders: CORE_FINDERS,
    mutations: RECOVERY_MUTATIONS,
  },
  { part: "host", finders: ["simulator"], mutations: HOST_MUTATIONS },
  { part: "transport", finders: ["simulator"], mutations: TRANSPORT_MUTATIONS },
  { part: "store", finders: ["store lives", "simulator"], mutations: STORE_MUTATIONS },
];

/** The bugs that have to be found, all of them. */
export const MUTATIONS: readonly Mutation[] = MUTATION_LISTS.flatMap(({ mutations }) => mutations);

export function findersOf(mutation: Mutation): readonly FinderKind[] {
  if (mutation.finders !== undefined) return mutation.finders;
  return MUTATION_LISTS.find(({ mutations }) => mutations.includes(mutation))?.finders ?? [];
}
