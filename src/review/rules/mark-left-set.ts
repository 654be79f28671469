/**
 * What says that something is registered, left set although registering failed. In: a patch. One function sets a member of the thing it
 * registers, and goes on when that fails; another tests the member to learn whether it has to unregister.
 */
import type { Program } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { MARK_LEFT_SET } from '../catalog-handovers';
import { type Doing, doings, named, written } from './calls';
import { says } from './conditions';
import { reach, reachBehind } from './reach';
import type { PatchHit, PatchRule } from './types';

const REGISTERS = /^(\w*_)?(register|install|subscribe|enroll|attach)(_\w+)?$/;
const UNDONE: Readonly<Record<string, string>> = {
  register: 'unregister',
  install: 'uninstall',
  subscribe: 'unsubscribe',
  enroll: 'unenroll',
  attach: 'detach',
};

function undoOf(name: string): string | null {
  const match = REGISTERS.exec(name);
  const undo = match?.[2] === undefined ? undefined : UNDONE[match[2]];
  return match === null || undo === undefined ? null : `${match[1] ?? ''}${undo}${match[3] ?? ''}`;
}

/** `a->b.c` → `c`. */
const last = (text: string): string => /(\w+)$/.exec(text)?.[1] ?? text;

interface Mark {
  readonly doing: Doing;
  readonly index: number;
  readonly undo: string;
  /** The member set before the call: `vq->producer.token`. */
  readonly mark: string;
  readonly at: Place;
}

/** Calls that register a thing of which a member was given a value on the straight way before. */
function marks(program: Program): Mark[] {
  return program.nodes.flatMap((node, index) =>
    doings(node).flatMap((doing): Mark[] => {
      const undo = doing.direct ? undoOf(doing.name) : null;
      const thing = named(doing.call.args[0]);
      if (undo === null || !/^[\w.>[\]-]+$/.test(thing)) return [];
      return program.nodes.flatMap((each, at): Mark[] => {
        if (each.kind !== 'do' || each.expression.kind !== 'assign' || each.expression.operator !== '=') return [];
        const place = print(withoutCasts(each.expression.target));
        const value = withoutCasts(each.expression.value);
        const empty = (value.kind === 'name' && /^(?:NULL|false)$/.test(value.name)) || value.kind === 'number';
        const member = place.startsWith(`${thing}.`) || place.startsWith(`${thing}->`);
        return member && !empty && reachBehind(program, at).has(index) && !reachBehind(program, index).has(at)
          ? [{ doing, index, undo, mark: place, at: each.at }]
          : [];
      });
    }),
  );
}

/** The nodes a failure of the call leads to; null where the function does not look, or tells its caller. */
function failed(program: Program, mark: Mark): ReadonlySet<number> | null {
  const result = mark.doing.into === null ? null : print(mark.doing.into);
  for (const index of reach(program, [mark.index])) {
    const node = program.nodes[index];
    if (node?.kind !== 'branch') continue;
    const text = result ?? print(mark.doing.call);
    const said = says(node.condition, true, text)?.said;
    if (said === undefined) return null;
    const side = said === 'zero' ? node.otherwise : said === 'nonzero' || said === 'negative' ? node.then : null;
    if (side === null) return null;
    const way = reach(program, [side]);
    const tells = [...way].some((at) => {
      const one = program.nodes[at];
      return (one?.kind === 'return' && one.value !== null) || (one?.kind === 'unknown' && one.gap === true);
    });
    return tells ? null : way;
  }
  return null;
}

export const markLeftSetRule: PatchRule = ({ change, after }) => {
  const hits: PatchHit[] = [];
  const isNew = (at: Place): boolean => at.kind === 'message' && at.message === change.message && at.added;
  for (const { name, file, program, removed } of after.touched) {
    if (removed || program === null) continue;
    for (const mark of marks(program)) {
      const way = failed(program, mark);
      if (way === null) continue;
      const thing = named(mark.doing.call.args[0]);
      const cleared = [...way].some((at) => {
        const node = program.nodes[at];
        if (node === undefined) return false;
        return (
          written(node).includes(mark.mark) ||
          doings(node).some((doing) => doing.call.args.some((arg) => named(arg) === thing) && doing !== mark.doing)
        );
      });
      if (cleared) continue;
      const reader = after.touched.find(
        (one) =>
          one.program !== null &&
          !one.removed &&
          one.file === file &&
          one.program !== program &&
          asks(one.program, mark),
      );
      const asked = reader?.program == null ? null : asks(reader.program, mark);
      if (reader === undefined || asked === null || !(isNew(mark.at) || isNew(asked))) continue;
      hits.push({
        rule: MARK_LEFT_SET,
        at: mark.at,
        message: `${mark.mark} stays set when ${mark.doing.name}() fails, and ${reader.name}() takes it for registered`,
        key: `${mark.mark}|${mark.doing.name}`,
        why: [
          {
            text: `${mark.undo}() is then called for what was never registered, and may take out what belongs to somebody else`,
            reference: null,
          },
        ],
        related: [
          { at: mark.doing.call.at, message: 'may fail here, and the function goes on' },
          { at: asked, message: `${reader.name}() asks here` },
        ],
        file,
        function: name,
      });
    }
  }
  return hits;
};

/** Does a function test the mark and undo the registration? Where it asks. */
function asks(program: Program, mark: Mark): Place | null {
  if (!program.nodes.some((node) => doings(node).some((doing) => doing.name === mark.undo))) return null;
  const tail = last(mark.mark);
  const branch = program.nodes.find(
    (node) => node.kind === 'branch' && new RegExp(`(?:->|\\.)${tail}\\b`).test(print(node.condition)),
  );
  return branch === undefined ? null : branch.at;
}
