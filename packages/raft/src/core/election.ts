import { allVoters, isVoter } from "./conf-changer.ts";
import { type CoreState, isAhead } from "./core-state.ts";
import { EntryType, entrySize } from "./entry.ts";
import { NONE, type ReplicaId } from "./ids.ts";
import { MessageType, type RaftMessage } from "./message.ts";
import { quorumVote } from "./quorum.ts";
import { adjustProgress, appendEntry } from "./replication.ts";

/** Asks whether an election could be won, without disturbing anyone (Raft dissertation 9.6). For those who may campaign. */
export function startPreVote(state: CoreState): void {
  state.leaveRole();
  state.setRole("pre-candidate", NONE);
  state.resetElectionTimer();
  state.votes = new Map([[state.self, true]]);
  askForVotes(state, MessageType.PreVote, state.currentTerm + 1);
  countVotes(state);
}

/** Starts an election (Raft paper 5.2), unless this replica may not lead. The own vote counts when it is durable. */
function startElection(state: CoreState, isTransfer: boolean): void {
  if (!state.mayCampaign) return;
  state.leaveRole();
  state.setTerm(state.currentTerm + 1, state.self);
  state.setRole("candidate", NONE);
  state.resetElectionTimer();
  state.isTransferCampaign = isTransfer;
  state.votes = new Map();
  askForVotes(state, MessageType.RequestVote, state.currentTerm);
}

/**
 * A request for votes waits for the disk, too: a candidate that crashed after asking with entries that it then lost could
 * ask again in the same term with a shorter log, and count votes that were given to the longer one.
 */
function askForVotes(state: CoreState, type: MessageType, term: number): void {
  const last = state.log.lastPosition();
  const proof = commitProof(state);
  for (const replica of allVoters(state.conf)) {
    if (replica === state.self) continue;
    const fields = {
      type,
      to: replica,
      term,
      index: last.index,
      logTerm: last.term,
      commit: proof.commit,
      hint: proof.logTerm,
      context: state.isTransferCampaign ? 1 : 0,
    };
    if (type === MessageType.RequestVote) state.sendAfter(fields);
    else state.send(fields);
  }
}

/** Decides the election as soon as the answers do. */
function countVotes(state: CoreState): void {
  const { votes } = state;
  if (votes === undefined) return;
  const result = quorumVote(state.conf, (replica) => votes.get(replica));
  if (result === "lost") state.becomeFollower(state.currentTerm, NONE);
  else if (result === "won" && state.role === "pre-candidate") startElection(state, false);
  else if (result === "won") becomeLeader(state);
}

/** The own vote of this term has become durable. */
export function onOwnVoteDurable(state: CoreState): void {
  if (state.role !== "candidate" || state.votes === undefined) return;
  state.votes.set(state.self, true);
  countVotes(state);
}

function becomeLeader(state: CoreState): void {
  state.leaveRole();
  state.setRole("leader", state.self);
  state.resetElectionTimer();
  adjustProgress(state);
  state.pendingConfIndex = state.log.lastIndex;
  state.readRound = 0;
  state.hasUnsizedTail = state.commitIndex < Math.min(state.log.tailFirst - 1, state.log.lastIndex);
  for (let at = state.commitIndex + 1; at <= state.log.lastIndex; at++) {
    const entry = state.log.inTail(at);
    if (entry !== undefined) state.uncommittedBytes += entrySize(entry);
  }
  // Commits what former terms left behind (Raft paper 8).
  state.noopIndex = appendEntry(state, EntryType.Noop, state.config.noopData).index;
}

/** A leader that was heard from lately keeps its followers' loyalty (Raft dissertation 6.2, 9.6). */
function isLoyal(state: CoreState): boolean {
  if (state.leader === NONE) return false;
  if (state.isHibernating && state.leader !== state.self) {
    return state.config.isNodeAlive(state.leader);
  }
  return state.electionElapsed < state.config.electionTicks;
}

/** Whether a request of a term above ours is to be ignored, with all its consequences. */
export function isRefusedByLoyalty(state: CoreState, message: RaftMessage): boolean {
  const { type } = message;
  if (type !== MessageType.RequestVote && type !== MessageType.PreVote) return false;
  const isTransfer = type === MessageType.RequestVote && message.context === 1;
  return !isTransfer && isLoyal(state);
}

/** Answers PreVote. Changes nothing here. Also a learner answers: it may be a voter without knowing it yet. */
export function handlePreVote(state: CoreState, message: RaftMessage): void {
  learnCommit(state, message.commit, message.hint);
  const isGranted = message.term > state.currentTerm && isUpToDate(state, message);
  const fields = {
    type: MessageType.PreVoteReply,
    to: message.from,
    term: isGranted ? message.term : state.currentTerm,
    reject: !isGranted,
    ...commitProof(state),
  };
  // Rests on the log as it is here, which may not be durable yet.
  state.sendAfter(fields);
}

/** Answers RequestVote of the current term (Raft paper 5.2, 5.4.1). */
export function handleRequestVote(state: CoreState, message: RaftMessage): void {
  learnCommit(state, message.commit, message.hint);
  const isFree = state.votedFor === NONE ? state.leader === NONE : state.votedFor === message.from;
  const isGranted = isFree && isUpToDate(state, message);
  if (isGranted) {
    if (state.votedFor === NONE) state.setTerm(state.currentTerm, message.from);
    state.electionElapsed = 0;
  }
  const fields = { type: MessageType.RequestVoteReply, to: message.from, reject: !isGranted };
  state.sendAfter({ ...fields, ...commitProof(state) });
}

/** What is committed here, with the term of the last such entry, so that the other can tell whether it has that entry. */
function commitProof(state: CoreState): { readonly commit: number; readonly logTerm: number } {
  const commit = state.commitIndex;
  return { commit, logTerm: state.log.term(commit) ?? 0 };
}

/**
 * Candidates and voters tell each other what is committed: one may know that a joint configuration was left, while the other
 * goes on asking members of its outgoing half that are no more. An entry with the same index and term is the same entry.
 * Leaders count for themselves.
 */
function learnCommit(state: CoreState, commit: number, term: number): void {
  if (term === 0 || commit > state.log.contiguousLast || state.role === "leader") return;
  if (state.log.term(commit) === term) state.commitTo(commit);
}

function isUpToDate(state: CoreState, message: RaftMessage): boolean {
  return !isAhead(state.votePosition, { term: message.logTerm, index: message.index });
}

/** A vote has arrived. Each replica counts once, whatever is repeated. */
export function handleVoteReply(state: CoreState, message: RaftMessage): void {
  const { votes } = state;
  const isPreVote = message.type === MessageType.PreVoteReply;
  if (votes === undefined || isPreVote !== (state.role === "pre-candidate")) return;
  if (isPreVote && !message.reject && message.term !== state.currentTerm + 1) return;
  learnCommit(state, message.commit, message.logTerm);
  if (!isVoter(state.conf, message.from) || votes.has(message.from)) return;
  votes.set(message.from, !message.reject);
  countVotes(state);
}

/** The leader wants this replica to take over (Raft dissertation 3.10). */
export function handleTimeoutNow(state: CoreState, from: ReplicaId): void {
  if (state.role === "follower" && state.leader === from) startElection(state, true);
}
