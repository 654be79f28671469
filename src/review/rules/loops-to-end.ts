/**
 * A loop that counted up to the length of a range now runs up to its end, which is zero for a range at the top of the address space. In: a patch.
 * Out: hits of class arith, at the end.
 */
import type { Expression, Program } from '../../code/types';
import { print, printShort, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { SUM_WRAPS } from '../catalog-arith';
import { isAdded } from './reach';
import type { PatchHit, PatchRule } from './types';

const LENGTH = /^(?:size|len|length|bytes)$|_(?:size|len|length|bytes)$/;
const START = /^(?:iova|addr|address|start|base|gpa|phys|pa|va)$|_(?:iova|addr|start|base)$/;
/** Ends of ranges that userspace or hardware may put at the very top: addresses of a device or of a guest. */
const WIDE = /^(?:dma_addr_t|u64|__u64|phys_addr_t|unsigned long|gpa_t|unsigned long long)$/;

interface Loop {
  readonly left: string;
  readonly right: Expression;
  readonly added: boolean;
  readonly at: Place;
}

function loopsOf(program: Program): Loop[] {
  return program.nodes.flatMap((node) => {
    if (node.kind !== 'branch' || !node.loop) return [];
    const condition = withoutCasts(node.condition);
    if (condition.kind !== 'binary' || condition.operator !== '<') return [];
    return [
      {
        left: print(withoutCasts(condition.left)),
        right: withoutCasts(condition.right),
        added: isAdded(node),
        at: node.at,
      },
    ];
  });
}

/** `r->iova + r->size`: start and length of one object. */
function endOf(value: Expression): { readonly base: string; readonly length: string } | null {
  const inner = withoutCasts(value);
  if (inner.kind !== 'binary' || inner.operator !== '+') return null;
  const [start, length] = [withoutCasts(inner.left), withoutCasts(inner.right)];
  if (start.kind !== 'field' || length.kind !== 'field' || !START.test(start.field) || !LENGTH.test(length.field))
    return null;
  const base = print(withoutCasts(start.base));
  return base === print(withoutCasts(length.base)) ? { base, length: length.field } : null;
}

export const loopToEndRule: PatchRule = ({ after, change }) => {
  const programs = after.touched.flatMap((one) =>
    one.program === null || one.removed ? [] : [{ program: one.program, file: one.file, before: one.before() }],
  );
  /** Lengths that loops of the file ran up to before the patch, and none does any more. */
  const counted = (file: string): ReadonlySet<string> => {
    const lengths = (loops: readonly Loop[]): string[] =>
      loops.flatMap(({ right }) => (right.kind === 'field' && LENGTH.test(right.field) ? [right.field] : []));
    const here = programs.filter((one) => one.file === file);
    const now = new Set(here.flatMap(({ program }) => lengths(loopsOf(program))));
    // By their text too: what a hunk takes out of the middle of a function is not read as a whole.
    const taken = change.files
      .filter((one) => one.path === file)
      .flatMap((one) => one.hunks.flatMap((hunk) => hunk.lines.filter((line) => line.kind === 'delete')))
      .flatMap((line) => /\b(?:while|for) \(.*< \w+(?:(?:->|\.)\w+)*(?:->|\.)(\w+)[;)]/.exec(line.text)?.[1] ?? [])
      .filter((length) => LENGTH.test(length));
    const before = here.flatMap((one) => (one.before === null ? [] : lengths(loopsOf(one.before))));
    return new Set([...before, ...taken].filter((one) => !now.has(one)));
  };
  return programs.flatMap(({ program, file }): PatchHit[] => {
    const gone = counted(file);
    if (gone.size === 0) return [];
    return loopsOf(program).flatMap((loop): PatchHit[] => {
      if (!loop.added || loop.right.kind !== 'name') return [];
      const { name } = loop.right;
      const declared = program.nodes.find((node) => node.kind === 'declare' && node.variable.name === name);
      if (declared?.kind !== 'declare' || !WIDE.test(declared.variable.type) || declared.init === null) return [];
      const end = endOf(declared.init);
      if (end === null || !gone.has(end.length)) return [];
      return [
        {
          rule: SUM_WRAPS,
          at: declared.at,
          message: `${name} is ${printShort(declared.init)}, which is 0 for a range that ends at the last address: ${loop.left} < ${name} never holds there`,
          key: `${program.name}|${name}`,
          why: [
            {
              text: `before the patch the loop counted up to ${end.length}, which does not wrap`,
              reference: null,
            },
          ],
          related: [{ at: loop.at, message: 'the loop' }],
          file,
          function: program.name,
        },
      ];
    });
  });
};
