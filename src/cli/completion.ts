/**
 * `zonewright completion`: shell completion made from the commander program itself, so that it
 * knows every command, flag and choice there is.
 */

import { Argument, type Command, type Option } from 'commander';

type Shell = 'bash' | 'zsh' | 'fish';

/** Registers the command. */
export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .summary('print a completion script for a shell')
    .description('Prints a completion script for a shell on standard output.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
Examples:
  source <(zonewright completion bash)
  zonewright completion zsh > "\${fpath[1]}/_zonewright"
  zonewright completion fish > ~/.config/fish/completions/zonewright.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
    });
}

/** What a value that follows a flag or command is. */
type ValueKind = 'none' | 'file' | 'other' | readonly string[];

interface Flag {
  readonly names: readonly string[];
  readonly value: ValueKind;
  readonly metavar: string;
  readonly text: string;
}

interface Node {
  /** Names below the program: `['keys', 'list']`. */
  readonly path: readonly string[];
  readonly text: string;
  readonly flags: readonly Flag[];
  readonly operands: ValueKind;
  readonly children: readonly Node[];
}

/** The completion script of `program` for one shell. */
export function completionScript(program: Command, shell: Shell): string {
  const root = nodeOf(program, [], program.options.map(flagOf));
  if (shell === 'bash') return bashScript(root);
  if (shell === 'zsh') return zshScript(root);
  return fishScript(root);
}

const FILE_WORDS = new Set(['F', 'D', 'O', 'FILE', 'DIR', 'INPUT', 'OLD', 'NEW', 'OLD-SIGNED']);
const HELP: Flag = { names: ['-h', '--help'], value: 'none', metavar: '', text: 'show help' };

function flagOf(option: Option): Flag {
  const names = [option.short, option.long].filter((name) => name !== undefined);
  const metavar = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? '';
  let value: ValueKind = 'none';
  if (option.argChoices !== undefined) value = option.argChoices;
  else if (metavar !== '') value = FILE_WORDS.has(metavar) ? 'file' : 'other';
  return { names, value, metavar, text: option.description };
}

function nodeOf(command: Command, path: readonly string[], common: readonly Flag[]): Node {
  const operands = command.registeredArguments.map((argument): ValueKind => {
    if (argument.argChoices !== undefined) return argument.argChoices;
    return FILE_WORDS.has(argument.name().toUpperCase()) ? 'file' : 'other';
  });
  const own = path.length === 0 ? [] : command.options.map(flagOf);
  return {
    path,
    text: command.summary() || command.description(),
    flags: [...own, ...common, HELP],
    operands: operands.find((kind) => kind !== 'other') ?? (operands.length > 0 ? 'other' : 'none'),
    children: command.commands.map((child) => nodeOf(child, [...path, child.name()], common)),
  };
}

function everyNode(node: Node): Node[] {
  return [node, ...node.children.flatMap(everyNode)];
}

// ---- bash ---------------------------------------------------------------------------------

function bashScript(root: Node): string {
  const nodes = everyNode(root);
  const paths = nodes.slice(1).map((node) => `"${pathKey(node)}"`);
  const values = nodes.flatMap((node) =>
    node.flags.filter((flag) => flag.value !== 'none').map((flag) => bashValue(node, flag)),
  );
  const words = nodes.map((node) => {
    const names = node.flags.flatMap((flag) => flag.names).join(' ');
    const operands =
      node.children.length > 0
        ? node.children.map((child) => child.path.at(-1)).join(' ')
        : listOf(node.operands);
    const files = node.operands === 'file' && node.children.length === 0;
    return `    "${pathKey(node)}") flags="${names}"; words="${operands}"; files=${files ? 1 : 0} ;;`;
  });
  return `# bash completion for zonewright
_zonewright() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}"
  local path="" flags="" words="" files=0 i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/\${COMP_WORDS[i]}" in
      ${paths.join(' | ')}) path="$path/\${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$path $prev" in
${values.join('\n')}
  esac
  case "$path" in
${words.join('\n')}
  esac
  if [[ "$cur" == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$cur")
  elif ((files)); then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  fi
}
complete -F _zonewright zonewright
`;
}

function bashValue(node: Node, flag: Flag): string {
  const patterns = flag.names.map((name) => `"${pathKey(node)} ${name}"`).join(' | ');
  const choices = listOf(flag.value);
  if (choices !== '') {
    return `    ${patterns}) mapfile -t COMPREPLY < <(compgen -W "${choices}" -- "$cur"); return ;;`;
  }
  if (flag.value !== 'file') return `    ${patterns}) return ;;`;
  return `    ${patterns}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;`;
}

function pathKey(node: Node): string {
  return node.path.map((name) => `/${name}`).join('');
}

function listOf(kind: ValueKind): string {
  return typeof kind === 'string' ? '' : kind.join(' ');
}

// ---- zsh ----------------------------------------------------------------------------------

function zshScript(root: Node): string {
  return `#compdef zonewright
# zsh completion for zonewright
${everyNode(root).map(zshFunction).join('\n')}
if [ "$funcstack[1]" = "_zonewright" ]; then
  _zonewright "$@"
else
  compdef _zonewright zonewright
fi
`;
}

function zshFunction(node: Node): string {
  const name = ['_zonewright', ...node.path].join('_');
  const flags = node.flags.flatMap((flag) => flag.names.map((n) => zshFlag(n, flag)));
  if (node.children.length === 0) {
    const choices = listOf(node.operands);
    let operands: string[] = [];
    if (choices !== '') operands = [`'1:value:(${choices})'`];
    else if (node.operands === 'file') operands = [`'*:file:_files'`];
    return `${name}() {\n  _arguments -s \\\n    ${[...flags, ...operands].join(' \\\n    ')}\n}`;
  }
  const list = node.children.map((child) =>
    zshQuote(`${child.path.at(-1)}:${child.text.replaceAll(':', '\\:')}`),
  );
  const calls = node.children.map(
    (child) => `        ${child.path.at(-1)}) ${['_zonewright', ...child.path].join('_')} ;;`,
  );
  return `${name}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  _arguments -C -s \\
    ${[...flags, `'1: :->command'`, `'*:: :->arguments'`].join(' \\\n    ')}
  case $state in
    command)
      local -a commands=(
        ${list.join('\n        ')}
      )
      _describe command commands
      ;;
    arguments)
      case $line[1] in
${calls.join('\n')}
      esac
      ;;
  esac
}`;
}

function zshFlag(name: string, flag: Flag): string {
  const text = flag.text.replaceAll(/[[\]:\\]/g, '\\$&');
  const choices = listOf(flag.value);
  let value = '';
  if (choices !== '') value = `:${flag.metavar}:(${choices})`;
  else if (flag.value === 'file') value = `:${flag.metavar}:_files`;
  else if (flag.value === 'other') value = `:${flag.metavar}: `;
  return zshQuote(`*${name}[${text}]${value}`);
}

function zshQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

// ---- fish ---------------------------------------------------------------------------------

function fishScript(root: Node): string {
  const lines = ['# fish completion for zonewright', 'complete -c zonewright -f'];
  for (const node of everyNode(root)) {
    const below = node.children.map((child) => child.path.at(-1)).join(' ');
    const seen = node.path.map((name) => `__fish_seen_subcommand_from ${name}`);
    const here = below === '' ? seen : [...seen, `not __fish_seen_subcommand_from ${below}`];
    const when = here.length === 0 ? '' : ` -n ${fishQuote(here.join('; and '))}`;
    for (const child of node.children) {
      lines.push(
        `complete -c zonewright${when} -a ${child.path.at(-1)} -d ${fishQuote(child.text)}`,
      );
    }
    for (const flag of node.flags) lines.push(`complete -c zonewright${when}${fishFlag(flag)}`);
    const choices = listOf(node.operands);
    if (choices !== '') lines.push(`complete -c zonewright${when} -a ${fishQuote(choices)}`);
    else if (node.operands === 'file') lines.push(`complete -c zonewright${when} -F`);
  }
  return `${lines.join('\n')}\n`;
}

function fishFlag(flag: Flag): string {
  const names = flag.names.map((n) =>
    n.startsWith('--') ? ` -l ${n.slice(2)}` : ` -s ${n.slice(1)}`,
  );
  const choices = listOf(flag.value);
  let value = '';
  if (choices !== '') value = ` -x -a ${fishQuote(choices)}`;
  else if (flag.value === 'file') value = ' -r -F';
  else if (flag.value === 'other') value = ' -x';
  return `${names.join('')}${value} -d ${fishQuote(flag.text)}`;
}

function fishQuote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
