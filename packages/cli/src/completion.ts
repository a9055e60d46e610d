import type { Command, Tool } from "./commands/command.ts";
import { OWN_COMMANDS } from "./help.ts";
import { GENERAL_OPTIONS, OPTIONS, type OptionName } from "./options.ts";
import { isOptionName } from "./parse-arguments.ts";

export const SHELLS = ["bash", "zsh"] as const;
export type Shell = (typeof SHELLS)[number];

export interface CompletionSource {
  /** As the user calls it. */
  readonly program: string;
  readonly tool: Tool;
  readonly commands: Iterable<Command>;
}

/** A script for the shell: names of commands, and the options and columns of each. */
export function completionScript(shell: Shell, source: CompletionSource): string {
  return shell === "bash" ? bashScript(source) : zshScript(source);
}

interface Entry {
  readonly name: string;
  readonly summary: string;
  /** Options and columns. */
  readonly words: readonly string[];
}

function entriesOf({ tool, commands }: CompletionSource): readonly Entry[] {
  const own = OWN_COMMANDS.map(([name, summary]) => ({ name, summary, words: [] }));
  const shown = [...commands].filter(({ tools }) => tools.includes(tool));
  const others = shown.map((command) => ({
    name: command.name,
    summary: command.summary,
    words: wordsOf(command),
  }));
  return [...own, ...others].sort((left, right) => (left.name < right.name ? -1 : 1));
}

function wordsOf({ options = [], details = [] }: Command): readonly string[] {
  const columns = details.find(([what]) => what === "<column>")?.[1] ?? "";
  const names = columns.startsWith("must be one of ")
    ? columns.slice("must be one of ".length)
    : "";
  return [
    ...options.map((name) => `--${name}`),
    ...names.split(", ").filter((name) => name !== ""),
  ];
}

function generalOptions(): readonly string[] {
  return [...GENERAL_OPTIONS].map((name) => `--${name}`).sort();
}

/** Options whose value is the next word, in both spellings: it is no command. */
function optionsWithValue(): readonly string[] {
  const names = Object.keys(OPTIONS).filter(isOptionName);
  return names.filter((name) => OPTIONS[name].kind !== "switch").flatMap(spellings);
}

function spellings(name: OptionName): readonly string[] {
  const option = OPTIONS[name];
  return "short" in option ? [`--${name}`, `-${option.short}`] : [`--${name}`];
}

/** Shells call what the words of commands are looked up with; `$1` is the command, "" if there is none yet. */
function caseLines(entries: readonly Entry[], line: (entry: Entry) => string): string {
  return entries
    .filter(({ words }) => words.length > 0)
    .map((entry) => `    ${entry.name}) ${line(entry)} ;;`)
    .join("\n");
}

function functionName(program: string): string {
  return `_${program.replace(/[^a-z0-9]/gi, "_")}`;
}

function bashScript(source: CompletionSource): string {
  const { program } = source;
  const entries = entriesOf(source);
  const complete = functionName(program);
  return `# Completion of ${program} for bash:  source <(${program} completion bash)
${complete}_words() {
  case "$1" in
    "") echo "${entries.map(({ name }) => name).join(" ")}" ;;
    help) echo "${entries.map(({ name }) => name).join(" ")}" ;;
${caseLines(entries, ({ words }) => `echo "${words.join(" ")}"`)}
  esac
}
${complete}() {
  local command="" word="" skip="" at
  for ((at = 1; at < COMP_CWORD; at++)); do
    word="\${COMP_WORDS[at]}"
    if [[ -n $skip ]]; then skip=""; continue; fi
    case "$word" in
      ${optionsWithValue().join("|")}) skip=yes ;;
      -*) ;;
      *) command="$word"; break ;;
    esac
  done
  [[ -n $skip ]] && return
  local words
  words="$(${complete}_words "$command") ${generalOptions().join(" ")}"
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F ${complete} ${program}
`;
}

function zshScript(source: CompletionSource): string {
  const { program } = source;
  const entries = entriesOf(source);
  const complete = functionName(program);
  return `#compdef ${program}
# Completion of ${program} for zsh:  source <(${program} completion zsh)
${complete}_words() {
  case "$1" in
${caseLines(entries, ({ words }) => `reply=(${words.join(" ")})`)}
    *) reply=() ;;
  esac
}
${complete}() {
  local -a commands general reply
  commands=(
${entries.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join("\n")}
  )
  general=(${generalOptions().join(" ")})
  local command="" word skip=""
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $skip ]]; then skip=""; continue; fi
    case "$word" in
      ${optionsWithValue().join("|")}) skip=yes ;;
      -*) ;;
      *) command="$word"; break ;;
    esac
  done
  if [[ -n $skip ]]; then _files; return; fi
  if [[ -z $command || $command == help ]]; then
    _describe -t commands "command of ${program}" commands
  else
    ${complete}_words "$command"
    compadd -- $reply
    _files
  fi
  compadd -- $general
}
compdef ${complete} ${program}
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
