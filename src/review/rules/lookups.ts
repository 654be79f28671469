import { remembered } from '../../code/remembered';
import type { Program, ProgramNode } from '../../code/types';
import { print } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { LOOKUP_UNTESTED } from '../catalog-lifetime';
import { doings, written } from './calls';
import { says } from './conditions';
import { explore } from './explore';
import { askedIn, touched } from './reads';
import type { PathRule, RuleHit } from './types';

/** Looks for something that may not be there. */
const LOOKS = /(?:^|_)(?:find|lookup|search)(?:_|$)|_(?:to|from|by)_\w+$|(?:^|_)get_(?:by|from)_/;

interface Found {
  readonly callee: string;
  readonly text: string;
  readonly at: Place;
  /** Tested for NULL somewhere in the function. */
  readonly tested: boolean;
}

/** Every variable of a function that holds what such a call found. */
const lookups = remembered((program: Program): readonly Found[] =>
  program.nodes.flatMap((node) =>
    doings(node).flatMap((doing): Found[] => {
      if (!doing.direct || doing.into?.kind !== 'name' || !LOOKS.test(doing.name)) return [];
      if (primitive(doing.name) !== null) return [];
      const text = print(doing.into);
      return [
        { callee: doing.name, text, at: doing.call.at, tested: program.nodes.some((one) => nullTested(one, text)) },
      ];
    }),
  ),
);

function nullTested(node: ProgramNode, text: string): boolean {
  if (!askedIn(node).has(text)) return false;
  if (node.kind !== 'branch') return true;
  const said = says(node.condition, true, text)?.said;
  return said === 'zero' || said === 'nonzero' || said === 'absent' || said === 'good' || said === undefined;
}

/** What a lookup found is read through untested, and others in the file test what it finds. */
export const lookupUntestedRule: PathRule = (program, { programs }) => {
  const own = lookups(program);
  const wanted = own.filter((one) => one.at.kind === 'message' && one.at.added && !one.tested);
  if (wanted.length === 0) return [];
  const others = [...programs.values()].filter((one) => one.file === program.file && one.name !== program.name);
  return wanted.flatMap((one): RuleHit[] => {
    const elsewhere = [...own, ...others.flatMap(lookups)].filter(
      (other) => other.callee === one.callee && other.at !== one.at,
    );
    const witness = elsewhere[0];
    // One caller may test what only it cannot know.
    if (witness === undefined || elsewhere.length < 2 || elsewhere.some((other) => !other.tested)) return [];
    const use = firstUse(program, one);
    if (use === null) return [];
    return [
      {
        rule: LOOKUP_UNTESTED,
        at: use.at,
        message: `${one.text} is read through here, and ${one.callee}() may have found nothing`,
        key: `${one.text}|${one.callee}`,
        why: [{ text: `every other caller of ${one.callee}() in sight tests what it gives`, reference: null }],
        related: [
          { at: one.at, message: `${one.text} comes from ${one.callee}() here` },
          { at: witness.at, message: 'tested after this call' },
        ],
      },
    ];
  });
};

/** Where it is first read through on some way with no other value in between; null when nowhere. */
function firstUse(program: Program, found: Found): ProgramNode | null {
  let use: ProgramNode | null = null;
  explore<boolean>(program, {
    initial: false,
    key: String,
    unseen: () => false,
    step(held, node) {
      if (held && touched(node).has(found.text)) use ??= node;
      if (doings(node).some((doing) => doing.call.at === found.at)) return true;
      return held && !written(node).includes(found.text);
    },
  });
  return use;
}
