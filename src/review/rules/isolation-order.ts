/**
 * Where in a function isolation is asked, as far as the hunks show it. In: the lines of a patch. Out: a test that moved below ways out
 * nobody shows, and a claim behind a test that an override lets through.
 */
import { placeOf } from '../../code/file-image';
import type { Change, FileChange, Hunk, HunkLine } from '../../patch/types';
import { CLAIM_UNFOUNDED, GUARD_BYPASSED } from '../catalog-isolation';
import type { PatchHit, PatchRule } from './types';

const OF_USERS = /^drivers\/(?:vfio|iommu\/iommufd|vhost)\//;
const TEST = /\bif\s*\(.*(?:allow_unsafe|isolated_msi|msi_remap|intr_remap)/;
const OVERRIDE = /allow_unsafe|unsafe_interrupts/;
const JOINS = /attach|bind|join|claim|add_group|replace/;

const indent = (text: string): number => /^\t*/.exec(text)?.[0].length ?? 0;

/** The function a hunk stands in, by its head; null where it is not told. */
const functionOf = (hunk: Hunk): string | null => /(\w+)\s*\(/.exec(hunk.section)?.[1] ?? null;

interface Spot {
  readonly line: HunkLine;
  readonly hunk: Hunk;
  readonly index: number;
}

function spots(file: FileChange, kind: HunkLine['kind'], wanted: RegExp): Spot[] {
  return file.hunks.flatMap((hunk) =>
    hunk.lines.flatMap((line, index) => (line.kind === kind && wanted.test(line.text) ? [{ line, hunk, index }] : [])),
  );
}

/** Lines above a place that stand after the patch, nearest first, until one that the patch put there in another hunk. */
const above = ({ hunk, index }: Spot): string[] =>
  hunk.lines
    .slice(0, index)
    .filter((line) => line.kind !== 'delete')
    .map((line) => line.text)
    .reverse();

const hit = (
  change: Change,
  file: FileChange,
  spot: Spot,
  rule: PatchHit['rule'],
  message: string,
  reason: string,
  related: PatchHit['related'] = [],
): PatchHit => ({
  rule,
  at: placeOf(spot.line, change.message),
  message,
  why: [{ text: reason, reference: 'invariant I4' }],
  related,
  file: file.path,
  function: functionOf(spot.hunk),
});

/** The test goes down the function, past the end of a block whose inside the patch does not show. */
export const testSunkRule: PatchRule = ({ change }) =>
  change.files.flatMap((file): PatchHit[] => {
    if (!OF_USERS.test(file.path)) return [];
    const [gone, fresh] = [spots(file, 'delete', TEST), spots(file, 'add', TEST)];
    const [was] = gone;
    const [now] = fresh;
    if (was === undefined || now === undefined || gone.length > 1 || fresh.length > 1) return [];
    if (was.line.text.trim() !== now.line.text.trim() || was.hunk === now.hunk) return [];
    const name = functionOf(now.hunk);
    if (name === null || name !== functionOf(was.hunk) || !JOINS.test(name)) return [];
    // Down, and over lines that are not shown.
    const unseen = now.hunk.oldStart - (was.hunk.oldStart + was.hunk.oldCount);
    if (unseen < 5) return [];
    const depth = indent(now.line.text);
    const lines = above(now);
    const closed = lines.findIndex((text) => new RegExp(`^\\t{${depth}}\\}\\s*$`).test(text));
    // The block's head is not shown, and it has blocks within: a loop or a way of its own.
    if (closed < 0 || !lines.slice(closed + 1).some((text) => /^\t+\}\s*$/.test(text) && indent(text) > depth))
      return [];
    if (lines.slice(closed + 1).some((text) => indent(text) === depth && /\S/.test(text))) return [];
    return [
      hit(
        change,
        file,
        now,
        GUARD_BYPASSED,
        `${name}() asks for isolation ${unseen} lines further down than before, behind a block that may leave or jump with success: what leaves there is attached and not asked`,
        'a group that shares the domain of another is let into the address space by the same function',
        [{ at: placeOf(was.line, change.message), message: 'asked here before' }],
      ),
    ];
  });

const CLAIM =
  /^\s*(?:WRITE_ONCE\(\s*[\w.>-]*(?:isolat|msi_safe|msi_remap|intr_remap)\w*\s*,\s*(?:true|1)\s*\)|[\w.>-]*(?:->|\.)\w*(?:isolat|msi_safe|msi_remap|intr_remap)\w*\s*=\s*(?:true|1))\s*;/;

/** Isolation is written down as given, right behind the block that lets a device through because the administrator said so. */
export const claimedPastOverrideRule: PatchRule = ({ change }) =>
  change.files.flatMap((file) =>
    spots(file, 'add', CLAIM).flatMap((spot): PatchHit[] => {
      const depth = indent(spot.line.text);
      const lines = above(spot).filter((text) => text.trim() !== '');
      // The block that ends just above, at the depth of the claim.
      if (lines[0] === undefined || lines[0].trim() !== '}' || indent(lines[0]) !== depth) return [];
      const rest = lines.slice(1);
      const head = rest.findIndex((text) => indent(text) <= depth && !/^\s*(?:\w+:|#)/.test(text));
      const block = head < 0 ? rest : rest.slice(0, head);
      // A block that always leaves lets nobody through.
      if (!block.some((text) => OVERRIDE.test(text)) || /^\s*(?:return|goto)\b/.test(block[0] ?? '')) return [];
      const asked = head < 0 ? '' : (rest[head] ?? '');
      if (/isolated|capable|remap/.test(asked)) return [];
      return [
        hit(
          change,
          file,
          spot,
          CLAIM_UNFOUNDED,
          `isolation is recorded as given for every device that comes here, also for one that only the override for unsafe interrupts let through`,
          'whoever asks later is told of an isolation that the platform does not give',
        ),
      ];
    }),
  );
