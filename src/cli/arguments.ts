/** The command line, read: a command with its options, or one sentence that says what is wrong with it. */
import { parseArgs } from 'node:util';

export type FailOn = 'error' | 'warning' | 'never';

export type Command =
  | {
      readonly kind: 'review';
      readonly files: readonly string[];
      readonly format: 'text' | 'json' | 'jsonl';
      readonly failOn: FailOn;
      readonly jobs: number;
    }
  | {
      readonly kind: 'simulate';
      readonly scenario: string;
      readonly design: string | null;
      readonly machine: string | null;
      readonly format: 'text' | 'json';
    }
  | { readonly kind: 'scenarios'; readonly format: 'text' | 'json' }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly message: string };

export const HELP = `doorbell reviews KVM passthrough patch series on an embedded MSI/IOMMU simulator.

Usage
  doorbell review FILE… [--format text|json|jsonl] [--fail-on error|warning|never] [--jobs N]
  doorbell simulate SCENARIO [--design NAME] [--machine NAME] [--format text|json]
  doorbell scenarios [--format text|json]
  doorbell --help | --version

FILE is an mbox, a mail, a patch of git format-patch, a folder of them, or - for standard input. Several files are read
together: the parts of a series may lie in any of them. SCENARIO is the name of a built-in scenario or a scenario file.

  --format     text for people (default); json: one object, or a list of them when there are several series with patches;
               jsonl: one object a line for each series
  --fail-on    exit with 1 when a finding is at least this grave; default error
  --jobs       worker threads for inputs with many series, 1 to 64; default 1
  --design     one of the built-in designs; all of them when left out
  --machine    one of the scenario's machines; all of them when left out

Exit status
  0  no finding at or above --fail-on; every scenario held or could not be decided
  1  findings; a scenario is violated
  2  input that cannot be used, or a wrong command line

Examples
  doorbell review v2-passthrough.mbox
  git format-patch --stdout origin/master | doorbell review -
  doorbell review outgoing/ --format json --fail-on warning
  doorbell review list-archive.mbox --format jsonl --jobs 2 > reviews.jsonl
  doorbell simulate two-guests-gicv2m --design fixup
`;

/** Reads the arguments behind the program's name. */
export function readArguments(argv: readonly string[]): Command {
  const wrong = (message: string): Command => ({ kind: 'wrong', message });
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (problem) {
    return wrong(
      problem instanceof Error ? `${(problem.message.split('. ')[0] ?? '').replace(/\.$/, '')}.` : String(problem),
    );
  }
  const { values, positionals } = parsed;
  if (values.help) return { kind: 'help' };
  if (values.version) return { kind: 'version' };
  const [name, ...rest] = positionals;
  if (name === undefined) return wrong('A command is missing: review, simulate or scenarios.');
  const strange = Object.keys(values).find((option) => OPTIONS[name] && !OPTIONS[name].includes(option));
  if (strange !== undefined) return wrong(`${name} has no option --${strange}.`);
  const format = values.format ?? 'text';
  if (name === 'review') {
    if (format !== 'text' && format !== 'json' && format !== 'jsonl')
      return wrong(`--format is text, json or jsonl, not “${format}”.`);
    const failOn = values['fail-on'] ?? 'error';
    if (failOn !== 'error' && failOn !== 'warning' && failOn !== 'never')
      return wrong(`--fail-on is error, warning or never, not “${failOn}”.`);
    const jobs = values.jobs === undefined ? 1 : /^\d+$/.test(values.jobs) ? Number(values.jobs) : Number.NaN;
    if (!(jobs >= 1 && jobs <= 64)) return wrong(`--jobs is a number from 1 to 64, not “${values.jobs}”.`);
    if (rest.length === 0) return wrong('review needs a file, a folder, or - for standard input.');
    if (rest.filter((file) => file === '-').length > 1) return wrong('Standard input can be read once only.');
    return { kind: 'review', files: rest, format, failOn, jobs };
  }
  if (name !== 'simulate' && name !== 'scenarios')
    return wrong(`There is no command “${name}”: it is review, simulate or scenarios.`);
  if (format !== 'text' && format !== 'json') return wrong(`--format is text or json, not “${format}”.`);
  if (name === 'scenarios')
    return rest.length > 0 ? wrong('scenarios takes no argument.') : { kind: 'scenarios', format };
  const [scenario, ...more] = rest;
  if (scenario === undefined || more.length > 0)
    return wrong('simulate needs one scenario; doorbell scenarios lists them.');
  return { kind: 'simulate', scenario, design: values.design ?? null, machine: values.machine ?? null, format };
}

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  review: ['format', 'fail-on', 'jobs'],
  simulate: ['format', 'design', 'machine'],
  scenarios: ['format'],
};

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'V' },
      format: { type: 'string' },
      'fail-on': { type: 'string' },
      jobs: { type: 'string', short: 'j' },
      design: { type: 'string' },
      machine: { type: 'string' },
    },
  });
}
