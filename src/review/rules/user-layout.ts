import type { Amended } from '../../code/bodies';
import type { Place } from '../../place';
import { UAPI_LAYOUT, UAPI_TYPE } from '../catalog-uapi';
import type { Rule } from '../rule';
import type { PatchHit, PatchRule } from './types';
import { isUserHeader, layout, type Member, type UserStructureText, userStructuresOf } from './uapi-text';

const IOCTLS = 'Documentation/process/botching-up-ioctls.rst, Prerequisites';

function hit(rule: Rule, file: string, at: Place, message: string, text: string): PatchHit {
  return { rule, at, message, why: [{ text, reference: IOCTLS }], related: [], file, function: null, local: true };
}

/** Why a member's type is not one of a userspace interface; null when it is. */
function misfit(member: Member): string | null {
  if (member.pointer) return 'a pointer has 32 bits in a 32-bit process; use __u64';
  if (/^(?:unsigned )?long(?: int)?$|^s?size_t$|^uintptr_t$|^off_t$|^time_t$/.test(member.type))
    return `${member.type} has 32 bits in a 32-bit process; use __u64 or __u32`;
  if (/^enum /.test(member.type)) return 'the compiler chooses how wide an enum is; use __u32';
  if (member.type === 'bool') return 'bool is not a type of the kernel’s interface; use __u8';
  if (/^[us](?:8|16|32|64)$|^(?:dma_addr_t|phys_addr_t)$/.test(member.type))
    return `${member.type} does not exist in userspace; use __${/^[us]\d/.test(member.type) ? member.type : 'u64'}`;
  if (member.bits) return 'the order of bit fields is the compiler’s choice; use flags';
  return null;
}

function all(members: readonly Member[]): Member[] {
  return members.flatMap((member) => [member, ...(member.nested === null ? [] : all(member.nested.members))]);
}

/** Is any number of it kept in a fixed byte order, its own or that of a structure in it? */
function inFixedOrder(members: readonly Member[], known: ReadonlyMap<string, UserStructureText>): boolean {
  return all(members).some((member) => {
    const inner = known.get(/^struct (\w+)$/.exec(member.type)?.[1] ?? '');
    return /^__[lb]e/.test(member.type) || (inner?.members ?? []).some((one) => /^__[lb]e/.test(one.type));
  });
}

/** What is wrong with the layouts in one file, as known at one point: key → hit. */
/** By what is wrong. `sparing`: without what a device reads, whose bytes are fixed all the same. */
function layoutHits(path: string, state: Amended, sparing: boolean): ReadonlyMap<string, PatchHit> {
  const found = new Map<string, PatchHit>();
  const image = state.files.get(path);
  if (image === undefined) return found;
  const structures = userStructuresOf(image);
  const known = new Map<string, UserStructureText>(structures.map((one) => [one.name, one]));
  const add = (key: string, one: PatchHit) => {
    if (!found.has(key)) found.set(key, one);
  };
  for (const structure of structures) {
    for (const member of all(structure.members)) {
      const why = misfit(member);
      if (why !== null)
        add(
          member.bits ? `${structure.name} bits` : `${structure.name}.${member.name} type`,
          hit(
            UAPI_TYPE,
            path,
            member.at,
            `${structure.name}.${member.name} is ${member.pointer ? `${member.type} *` : member.type}${member.bits ? ', a bit field' : ''}: ${why}`,
            '32-bit programs on a 64-bit kernel pass another layout',
          ),
        );
    }
    if (structure.attributes) continue;
    const wide = layout(structure.members, 8, known);
    const narrow = layout(structure.members, 4, known);
    if (wide === null || narrow === null) continue;
    const holed = wide.slots.find((slot) => slot.hole > 0);
    const place = holed === undefined ? -1 : wide.slots.indexOf(holed);
    const moved = narrow.slots[place]?.hole === 0;
    if (holed !== undefined)
      add(
        `${structure.name} hole`,
        hit(
          UAPI_LAYOUT,
          path,
          holed.member.at,
          `${holed.hole} bytes of padding stand before ${structure.name}.${holed.member.name}${moved ? ', and none on i386' : ''}`,
          'padding has to be explicit: it leaks what the stack held, and its place differs between ABIs',
        ),
      );
    // What is written in fixed byte order is read by a device, not copied by size.
    else if (wide.tail > 0 && !(sparing && inFixedOrder(structure.members, known)))
      add(
        `${structure.name} tail`,
        hit(
          UAPI_LAYOUT,
          path,
          structure.members.at(-1)?.at ?? structure.at,
          `struct ${structure.name} ends with ${wide.tail} bytes of padding${wide.size === narrow.size ? '' : `: ${wide.size} bytes, ${narrow.size} on i386`}`,
          'padding has to be explicit: it leaks what the stack held, and the size differs between ABIs',
        ),
      );
  }
  return found;
}

/** Structures of userspace headers whose layout is left to the compiler, or differs between 32 and 64 bits. */
export const userLayoutRule: PatchRule = ({ change, before, after }) =>
  change.files.flatMap((file) => {
    if (!isUserHeader(file.path) || file.kind === 'delete' || file.kind === 'rename') return [];
    const now = layoutHits(file.path, after, true);
    if (now.size === 0) return [];
    const then = layoutHits(file.oldPath ?? file.path, before, false);
    return [...now].filter(([key]) => !then.has(key)).map(([, one]) => one);
  });
