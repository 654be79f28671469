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
      /** Base design; null: what the evidence in the series chooses. */
      readonly design: string | null;
      /** Folders of git with the kernel the series is written for. */
      readonly kernels: readonly string[];
    }
  | {
      readonly kind: 'compare';
      readonly old: string;
      /** Null: both versions are in the one file. */
      readonly new: string | null;
      readonly format: 'text' | 'json';
      readonly failOn: FailOn;
      readonly kernels: readonly string[];
    }
  | {
      readonly kind: 'simulate';
      readonly scenario: string;
      readonly design: string | null;
      readonly machine: string | null;
      readonly format: 'text' | 'json';
    }
  | {
      readonly kind: 'scenarios';
      readonly format: 'text' | 'json';
      readonly matrix: boolean;
      readonly names: readonly string[];
    }
  | {
      readonly kind: 'explore';
      readonly scenario: string;
      readonly design: string | null;
      readonly machine: string | null;
      readonly depth: number | null;
      readonly states: number | null;
      readonly format: 'text' | 'json';
    }
  | {
      readonly kind: 'provision';
      readonly machine: string;
      readonly devices: readonly { readonly device: string; readonly vectors: number | null }[];
      readonly format: 'text' | 'json';
    }
  | {
      readonly kind: 'replay';
      readonly set: string;
      readonly oracle: string | null;
      readonly format: 'text' | 'json';
    }
  | {
      readonly kind: 'import';
      readonly files: readonly string[];
      readonly id: string;
      readonly format: 'text' | 'json';
    }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'wrong'; readonly message: string };

export const HELP = `doorbell reviews KVM passthrough patch series on an embedded MSI/IOMMU simulator.

Usage
  doorbell review FILE… [--kernel DIR]… [--design NAME] [--format text|json|jsonl] [--fail-on error|warning|never] [--jobs N]
  doorbell compare OLD [NEW] [--kernel DIR]… [--format text|json] [--fail-on error|warning|never]
  doorbell simulate SCENARIO [--design NAME] [--machine NAME] [--format text|json]
  doorbell scenarios [--matrix] [NAME…] [--format text|json]
  doorbell explore SCENARIO [--machine NAME] [--design NAME] [--depth N] [--states N] [--format text|json]
  doorbell provision MACHINE [DEVICE[:VECTORS]…] [--format text|json]
  doorbell machine import DIR|FILE… [--id NAME] [--format text|json]
  doorbell replay SET|all [--oracle DIR] [--format text|json]
  doorbell --help | --version

FILE is an mbox, a mail, a patch of git format-patch, a folder of them, or - for standard input. Several files are read
together: the parts of a series may lie in any of them. SCENARIO is the name of a built-in scenario or a scenario file.

compare holds two versions of a series against each other, from the mails alone: which patch became which, which findings are fixed,
kept or new, where verdicts and the use of the window changed. OLD and NEW are what review takes; with OLD alone, both versions are in it.

explore searches all orders in which the agents' steps and their devices' messages can fall together, on a host that does all right:
what it finds is what the hardware lets happen. With --design it plays the orders of the agents' steps on that design's programs instead,
and finds what the programs let happen. provision tells how much window the doorbells of some devices need on a machine (a
preset, or a file that holds a machine), and what fails in a smaller one. machine import makes a machine of what your own host tells
about itself. replay holds the model to recorded ground truth.

  --kernel     a git checkout or bare repository of the kernel; the files a diff names by their blobs are read there, so that
               whole functions are known; may be given several times
  --format     text for people (default); json: one object, or a list of them when there are several series with patches;
               jsonl: one object a line for each series
  --fail-on    exit with 1 when a finding (compare: a new one) is at least this grave; default error
  --jobs       worker threads for inputs with many series, 1 to 64; default 1
  --design     one of the built-in designs; when left out, review takes the one of the series' era, simulate all of them;
               explore searches its programs and not the machine alone
  --machine    one of the scenario's machines; all of them when left out (explore: any preset)
  --matrix     the verdicts of scenarios (all, or those named), machines and designs as a table in Markdown
  --depth      moves at most, 1 to 1000; default 40
  --states     states at most; default 2000000 (explore --design: orders at most; default 1000)
  --id         name of the imported machine; default imported
  --oracle     folder with one folder a set; default $DOORBELL_ORACLE, else the rows that come with the source

Exit status
  0  no finding at or above --fail-on; every scenario held or could not be decided
  1  findings; a scenario is violated; a device cannot be provisioned; a recorded row disagrees
  2  input that cannot be used, or a wrong command line

Examples
  doorbell review v2-passthrough.mbox
  git format-patch --stdout origin/master | doorbell review -
  doorbell review outgoing/ --kernel ~/linux --format json --fail-on warning
  doorbell review list-archive.mbox --format jsonl --jobs 2 > reviews.jsonl
  doorbell compare v1.mbox v2.mbox
  doorbell simulate two-guests-gicv2m --design fixup
  doorbell explore two-guests-gicv2m
  doorbell provision arm64-smmuv3-gicv2m-2frames nic-vf0:8 nic-vf1:8
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
  if (name === undefined) return wrong(`A command is missing: ${COMMANDS}.`);
  const strange = Object.keys(values).find((option) => OPTIONS[name] && !OPTIONS[name].includes(option));
  if (strange !== undefined) return wrong(`${name} has no option --${strange}.`);
  const format = values.format ?? 'text';
  if (name === 'review') {
    if (format !== 'text' && format !== 'json' && format !== 'jsonl')
      return wrong(`--format is text, json or jsonl, not “${format}”.`);
    const failOn = failOnOf(values['fail-on']);
    if (failOn === null) return wrong(`--fail-on is error, warning or never, not “${values['fail-on']}”.`);
    const jobs = values.jobs === undefined ? 1 : /^\d+$/.test(values.jobs) ? Number(values.jobs) : Number.NaN;
    if (!(jobs >= 1 && jobs <= 64)) return wrong(`--jobs is a number from 1 to 64, not “${values.jobs}”.`);
    if (rest.length === 0) return wrong('review needs a file, a folder, or - for standard input.');
    if (rest.filter((file) => file === '-').length > 1) return wrong('Standard input can be read once only.');
    return {
      kind: 'review',
      files: rest,
      format,
      failOn,
      jobs,
      design: values.design ?? null,
      kernels: values.kernel ?? [],
    };
  }
  if (!(name in OPTIONS)) return wrong(`There is no command “${name}”: it is ${COMMANDS}.`);
  if (format !== 'text' && format !== 'json') return wrong(`--format is text or json, not “${format}”.`);
  const [first, ...more] = rest;
  switch (name) {
    case 'compare': {
      const failOn = failOnOf(values['fail-on']);
      if (failOn === null) return wrong(`--fail-on is error, warning or never, not “${values['fail-on']}”.`);
      return first === undefined || more.length > 1
        ? wrong('compare needs one file or folder with two versions, or two.')
        : { kind: 'compare', old: first, new: more[0] ?? null, format, failOn, kernels: values.kernel ?? [] };
    }
    case 'scenarios':
      return { kind: 'scenarios', format, matrix: values.matrix === true, names: rest };
    case 'provision':
      return first === undefined
        ? wrong('provision needs a machine: a preset or a file.')
        : provisionOf(first, more, format, wrong);
    case 'replay':
      return first === undefined || more.length > 0
        ? wrong('replay needs one set, or all.')
        : { kind: 'replay', set: first, oracle: values.oracle ?? null, format };
    case 'machine': {
      if (first !== 'import' || more.length === 0) return wrong('machine import needs a folder or files.');
      const id = values.id ?? 'imported';
      return /^[^/\s]+$/.test(id)
        ? { kind: 'import', files: more, id, format }
        : wrong('--id is a name without a slash or a blank.');
    }
  }
  if (first === undefined || more.length > 0)
    return wrong(`${name} needs one scenario; doorbell scenarios lists them.`);
  const machine = values.machine ?? null;
  if (name === 'simulate') return { kind: 'simulate', scenario: first, design: values.design ?? null, machine, format };
  const depth = values.depth === undefined ? null : wholeOf(values.depth, 1000);
  const states = values.states === undefined ? null : wholeOf(values.states, 50_000_000);
  if (Number.isNaN(depth)) return wrong(`--depth is a number from 1 to 1000, not “${values.depth}”.`);
  if (Number.isNaN(states)) return wrong(`--states is a number from 1 to 50000000, not “${values.states}”.`);
  const design = values.design ?? null;
  if (design !== null && depth !== null)
    return wrong('--depth counts moves on the machine; --design plays whole orders.');
  return { kind: 'explore', scenario: first, machine, design, depth, states, format };
}

function failOnOf(text: string | undefined): FailOn | null {
  const value = text ?? 'error';
  return value === 'error' || value === 'warning' || value === 'never' ? value : null;
}

/** NaN when it is no whole number from 1 to `most`. */
function wholeOf(text: string, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return value >= 1 && value <= most ? value : Number.NaN;
}

function provisionOf(
  machine: string,
  words: readonly string[],
  format: 'text' | 'json',
  wrong: (message: string) => Command,
): Command {
  const devices: { device: string; vectors: number | null }[] = [];
  for (const word of words) {
    // Imported devices are named by their address, which has a colon of its own.
    const match = /^([0-9a-f]{2}:[0-9a-f]{2}\.[0-7]|[^:]+)(?::(\d{1,4}))?$/i.exec(word);
    const vectors = match?.[2] === undefined ? null : Number(match[2]);
    if (match?.[1] === undefined || vectors === 0)
      return wrong(`“${word}” is no device: it is NAME or NAME:VECTORS, with at least one vector.`);
    devices.push({ device: match[1], vectors });
  }
  return { kind: 'provision', machine, devices, format };
}

const COMMANDS = 'review, compare, simulate, scenarios, explore, provision, machine or replay';

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  review: ['format', 'fail-on', 'jobs', 'design', 'kernel'],
  compare: ['format', 'fail-on', 'kernel'],
  simulate: ['format', 'design', 'machine'],
  scenarios: ['format', 'matrix'],
  explore: ['format', 'machine', 'design', 'depth', 'states'],
  provision: ['format'],
  machine: ['format', 'id'],
  replay: ['format', 'oracle'],
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
      kernel: { type: 'string', multiple: true },
      design: { type: 'string' },
      machine: { type: 'string' },
      matrix: { type: 'boolean' },
      depth: { type: 'string' },
      states: { type: 'string' },
      id: { type: 'string' },
      oracle: { type: 'string' },
    },
  });
}
