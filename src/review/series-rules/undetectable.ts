/**
 * What a series offers to userspace and userspace has no way to find out: a capability that `KVM_CHECK_EXTENSION` does not answer, an attribute
 * that `KVM_HAS_DEVICE_ATTR` does not know.
 */
import { UNDETECTABLE } from '../catalog-conventions';
import type { CodeLine } from './code-lines';
import type { SeriesHit, SeriesPlace, SeriesRule } from './types';
import type { SeriesView } from './view';

/** Names that userspace asks after, and the functions that answer. */
const FAMILIES: readonly {
  readonly name: RegExp;
  readonly answers: RegExp;
  readonly asks: string;
  readonly reference: string;
}[] = [
  {
    name: /^KVM_CAP_\w+$/,
    answers: /check_extension|has_cap|get_cap|enable_cap$/,
    asks: 'KVM_CHECK_EXTENSION',
    reference: 'Documentation/virt/kvm/api.rst, KVM_CHECK_EXTENSION',
  },
  {
    name: /^KVM_DEV_(?!TYPE_)\w+$|^KVM_(?:ARM|RISCV|S390|LOONGARCH)_(?:VCPU|VM)_\w*(?:CTRL|ATTR|INIT|IRQ|IPA|FILTER|RESET)\w*$/,
    answers: /has_attr/,
    asks: 'KVM_HAS_DEVICE_ATTR',
    reference: 'Documentation/virt/kvm/api.rst, KVM_HAS_DEVICE_ATTR',
  },
];
/** No name of an attribute: masks, shifts and ends of a list. */
const PART = /_(?:MASK|SHIFT|MAX|NUM|NR|LAST|BITS|SIZE|WIDTH|OFFSET)$|_(?:MASK|SHIFT)_/;

const isUserHeader = (path: string): boolean => /(?:^|\/)include\/uapi\//.test(path) && !path.startsWith('tools/');

/** Numbers that the series gives a name in the headers of userspace, and that had none before. */
function named(view: SeriesView): Map<string, SeriesPlace> {
  const found = new Map<string, SeriesPlace>();
  const gone = new Set<string>();
  const all = new Set<string>();
  for (const [patch, change] of view.changes.entries())
    for (const file of change.files) {
      if (!isUserHeader(file.path)) continue;
      for (const hunk of file.hunks)
        for (const line of hunk.lines) {
          const match = /^\s*#\s*define\s+([A-Z][A-Z0-9_a-z]*)\s+(?:0x[0-9a-fA-F]+|\d+)\s*(?:\/\*.*)?$/.exec(line.text);
          const name = match?.[1];
          if (name === undefined || PART.test(name)) continue;
          all.add(name);
          if (line.kind === 'add') {
            if (!found.has(name)) found.set(name, { patch, file, line: line.line });
          } else gone.add(name);
        }
    }
  for (const name of gone) found.delete(name);
  // `KVM_CAP_X_FLAG_Y` is something of `KVM_CAP_X`, no capability of its own.
  for (const name of [...found.keys()])
    if (name.startsWith('KVM_CAP_') && [...all].some((one) => one.startsWith('KVM_CAP_') && name.startsWith(`${one}_`)))
      found.delete(name);
  return found;
}

interface Use {
  readonly place: SeriesPlace;
  readonly inside: string | null;
  readonly code: CodeLine;
}

function usesOf(view: SeriesView, name: string): Use[] {
  const word = new RegExp(`\\b${name}\\b`);
  return view.hunks.flatMap(({ patch, file, now }) =>
    /\.c$/.test(file.path) && !/^(?:tools|samples)\//.test(file.path)
      ? now.lines.flatMap((code) =>
          word.test(code.bare) ? [{ place: { patch, file, line: code.line.line }, inside: code.inside, code }] : [],
        )
      : [],
  );
}

/** `case NAME:` of an added line, in a function whose name is in sight. */
export const undetectable: SeriesRule = (view) => {
  if (!view.complete) return [];
  const hits: SeriesHit[] = [];
  for (const [name, defined] of named(view)) {
    const family = FAMILIES.find((one) => one.name.test(name));
    if (family === undefined) continue;
    const uses = usesOf(view, name);
    // One in a place that cannot be told may be the answer.
    if (uses.some((use) => use.inside === null || family.answers.test(use.inside))) continue;
    const handled = uses.find(
      (use) => use.code.line.kind === 'add' && new RegExp(`\\bcase\\s+${name}\\s*:`).test(use.code.bare),
    );
    if (handled === undefined) continue;
    hits.push({
      rule: UNDETECTABLE,
      at: handled.place,
      function: handled.inside,
      message: `${name} is handled here, and no patch of the series lets ${family.asks} tell that it is there`,
      why: [
        {
          text: 'userspace that asks first, as it should, is told that there is no such thing and never uses it',
          reference: family.reference,
        },
      ],
      related: [{ ...defined, message: `${name} gets its number here` }],
      fixedBy: null,
    });
  }
  return hits;
};
