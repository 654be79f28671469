import { placeOf } from '../../code/file-image';
import type { Program } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, namesIn, print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { DOMAIN_DROPPED, IOVA_FREED_MAPPED, WINDOW_IN_CPU_PAGES } from '../catalog-isolation';
import { reachBehind } from './reach';
import { scan } from './scan';
import type { PatchHit, PatchRule, PathRule, RuleHit } from './types';

interface Placed {
  readonly call: CallExpression;
  readonly index: number;
}

const callsNamed = (program: Program, names: RegExp): Placed[] =>
  program.nodes.flatMap((node, index) =>
    callsOf(node).flatMap((call) => (names.test(calleeOf(call) ?? '') ? [{ call, index }] : [])),
  );

/** Gives an IOVA back to whoever hands them out; the argument that names it. */
const FREES: Readonly<Record<string, number>> = {
  free_iova: 1,
  free_iova_fast: 1,
  __free_iova: 1,
  iommu_dma_free_iova: 1,
  iommu_put_reserved_iova: 1,
};

/** Takes a mapping away; the argument that names the IOVA. */
const UNMAPS: Readonly<Record<string, number>> = { iommu_unmap: 1, iommu_unmap_fast: 1 };

/** What an address is kept in: its names, without those of sizes and shifts. */
function holders(call: CallExpression, index: number | undefined): ReadonlySet<string> {
  const arg = index === undefined ? undefined : call.args[index];
  return new Set(
    arg === undefined ? [] : [...namesIn(arg)].filter((name) => !/size|shift|order|len|count|npages|^i$/.test(name)),
  );
}

/** On every way from the freeing to the unmapping the address is somebody else's already. */
export const iovaFreedMappedRule: PathRule = (program) => {
  if (program.evidence === 'fragment') return [];
  const frees = callsNamed(program, new RegExp(`^(?:${Object.keys(FREES).join('|')})$`));
  const unmaps = callsNamed(program, new RegExp(`^(?:${Object.keys(UNMAPS).join('|')})$`));
  return frees.flatMap((free) => {
    const freed = holders(free.call, FREES[calleeOf(free.call) ?? '']);
    const later = reachBehind(program, free.index);
    const unmap = unmaps.find(
      (one) =>
        later.has(one.index) &&
        !reachBehind(program, one.index).has(free.index) &&
        [...holders(one.call, UNMAPS[calleeOf(one.call) ?? ''])].some((name) => freed.has(name)),
    );
    if (unmap === undefined) return [];
    return [
      {
        rule: IOVA_FREED_MAPPED,
        at: free.call.at,
        message: `${calleeOf(free.call)}() gives the IOVA back before ${calleeOf(unmap.call)}() takes its mapping away`,
        why: [
          {
            text: 'until then the allocator may hand it out again, and the next owner’s device writes to this page',
            reference: 'iommu_dma_unmap_page() in drivers/iommu/dma-iommu.c unmaps first',
          },
        ],
        related: [{ at: unmap.call.at, message: 'it is unmapped here' }],
      },
    ];
  });
};

/** The hit, without what it is related to. */
function dropped(callee: string, name: string, program: string, at: Place): Omit<RuleHit, 'related'> {
  return {
    rule: DOMAIN_DROPPED,
    at,
    message: `${callee}() is not told ${name} any more and finds a domain by the device: it need not be the one ${program}() is asked to work on`,
    why: [
      {
        text: 'a device that a user owns is attached to the user’s domain; what is looked up for the kernel’s own DMA is another one, and a doorbell mapped there is not where the device looks',
        reference: 'iommu_get_dma_domain() and iommu_get_domain_for_dev() in drivers/iommu/iommu.c',
      },
    ],
    local: true,
  };
}

/** A helper was given the domain to work on; now it is not, while its caller still has one of its own to say. */
export const domainDroppedRule: PathRule = (program, { before }) => {
  const names = program.parameters.filter((one) => /\bstruct iommu_domain \*$/.test(one.type)).map((one) => one.name);
  if (names.length === 0 || before === undefined) return [];
  const passes = (call: CallExpression, name: string): boolean =>
    call.args.some((arg) => print(withoutCasts(arg)) === name);
  const calls = callsNamed(program, /map|alloc_iova|free_iova/);
  if (calls.length === 0) return [];
  const earlier = before();
  if (earlier === null) return [];
  const old = callsNamed(earlier, /map|alloc_iova|free_iova/);
  return names.flatMap((name) =>
    calls.flatMap(({ call }): RuleHit[] => {
      const callee = calleeOf(call);
      const was = old.filter((one) => calleeOf(one.call) === callee);
      if (was.length === 0 || !was.every((one) => passes(one.call, name))) return [];
      if (call.args.some((arg) => /domain/.test(print(arg))) || !call.args.some((arg) => /\bdev\b/.test(print(arg))))
        return [];
      return [
        {
          ...dropped(callee ?? '', name, program.name, call.at),
          related: was.slice(0, 1).map((one) => ({ at: one.call.at, message: 'as it was' })),
        },
      ];
    }),
  );
};

const CALL = /\b(\w*(?:map|iova)\w*)\(([^()]*)\)/;

/** Callee and arguments of a call on one line that maps, unmaps or takes an IOVA; null where there is none. */
function callOn(text: string): { readonly callee: string; readonly args: readonly string[] } | null {
  const match = CALL.exec(text);
  return match === null ? null : { callee: match[1] ?? '', args: (match[2] ?? '').split(',').map((arg) => arg.trim()) };
}

/**
 * As `domainDroppedRule`, where only the lines around the call are in the mail: the deleted call tells the domain, the one that takes
 * its place tells all the same but for it, and the function is known to be given one.
 */
export const domainDroppedLinesRule: PatchRule = ({ change, after }) =>
  change.files.flatMap((file) =>
    file.hunks.flatMap((hunk) =>
      hunk.lines.flatMap((line, index): PatchHit[] => {
        const old = line.kind === 'delete' ? callOn(line.text) : null;
        // Behind a line at the margin the section's text may tell another function's name.
        if (old === null || hunk.lines.slice(0, index).some((one) => /^[{}\w]/.test(one.text))) return [];
        const owner = after.touched.find(
          (one) =>
            one.file === file.path &&
            hunk.section.includes(`${one.name}(`) &&
            (one.evidence !== 'full' || one.source === 'design') &&
            one.program?.parameters.some(
              (parameter) => /\bstruct iommu_domain \*$/.test(parameter.type) && old.args.includes(parameter.name),
            ),
        );
        const name = owner?.program?.parameters.find(
          (parameter) => /\bstruct iommu_domain \*$/.test(parameter.type) && old.args.includes(parameter.name),
        )?.name;
        if (owner === undefined || name === undefined) return [];
        const rest = old.args.filter((arg) => arg !== name).join(',');
        const added = hunk.lines.slice(index + 1, index + 4).find((one) => {
          const call = one.kind === 'add' ? callOn(one.text) : null;
          return call !== null && call.callee === old.callee && call.args.join(',') === rest;
        });
        if (added === undefined || !/\bdev\b/.test(rest)) return [];
        return [
          {
            ...dropped(old.callee, name, owner.name, placeOf(added, change.message)),
            related: [{ at: placeOf(line, change.message), message: 'as it was' }],
            file: file.path,
            function: owner.name,
          },
        ];
      }),
    ),
  );

/** A size or address of the window for doorbells. */
const OF_WINDOW = /\b(?:msi|doorbell)_(?:\w+_)?(?:size|length|len|base|start|end|iova)\b|\bsw_msi_\w+\b/;

/** Is the window mapped by pages of the CPU here, as iommufd does: a call that maps, or a place in it, is said in PAGE_SIZE? */
function usesCpuPages(file: string, programs: ReadonlyMap<string, Program>): boolean {
  if (/^drivers\/iommu\/iommufd\//.test(file)) return true;
  return [...programs.values()].some(
    (one) =>
      one.file === file &&
      callsNamed(one, /^iommu_map$/).some(({ call }) =>
        call.args.some((arg) => /^PAGE_SIZE$/.test(print(withoutCasts(arg)))),
      ),
  );
}

/** The window is handed out in granules of the IOMMU; counted in pages of the CPU it comes out too large or too small. */
export const windowInCpuPagesRule: PathRule = (program, { programs }) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (expression.kind !== 'binary') return [];
    const by = print(withoutCasts(expression.right));
    const counted =
      (expression.operator === '>>' && by === 'PAGE_SHIFT') || (expression.operator === '/' && by === 'PAGE_SIZE');
    if (!counted || !OF_WINDOW.test(print(expression.left)) || usesCpuPages(program.file, programs)) return [];
    return [
      {
        rule: WINDOW_IN_CPU_PAGES,
        at,
        message: `${print(expression.left)} is counted in pages of the CPU (${by}), and the window is used in granules of the IOMMU`,
        why: [
          {
            text: 'with a granule of 64 KiB and pages of 4 KiB the count is sixteen times too large',
            reference: 'pgsize_bitmap of struct iommu_domain, include/linux/iommu.h',
          },
        ],
        related: [],
        local: true,
      },
    ];
  });

export const WINDOW_PATH_RULES: readonly PathRule[] = [iovaFreedMappedRule, domainDroppedRule, windowInCpuPagesRule];
