/** The text of a message that tells of a failure, against the call that failed. In: one function. Out: hits where the text tells of the contrary. */
import type { Expression, Program } from '../../code/types';
import { callsIn, expressionsOf } from '../../code/walk';
import { TEXT_DIFFERS } from '../catalog-contracts';
import { doings } from './calls';
import { says } from './conditions';
import { localHit } from './scan';
import type { PathRule, RuleHit } from './types';

/** Words of a deed and of its contrary, as names of functions have them; each stands for its forms. */
const CONTRARY: readonly (readonly [string, string])[] = [
  ['enable', 'disable'],
  ['map', 'unmap'],
  ['attach', 'detach'],
  ['register', 'unregister'],
  ['alloc', 'free'],
  ['pin', 'unpin'],
  ['bind', 'unbind'],
  ['mask', 'unmask'],
  ['lock', 'unlock'],
  ['suspend', 'resume'],
  ['read', 'write'],
  ['request', 'free'],
  ['add', 'remove'],
  ['open', 'close'],
];
const SAYS = /^(?:pr|dev|pci|vfio|iommu|kvm|netdev)_(?:err|warn|crit|info|notice)(?:_ratelimited|_once)?$|^printk$/;

/** `get_free_pages()` gives what is free: there the word is no deed. */
const GIVES_FREE = /(?:get|find|request|alloc|is|has|nr|num)_free/;

const inName = (word: string): RegExp => new RegExp(`(?:^|_)${word}(?:_|$|ed|s$)`);
const inText = (word: string): RegExp =>
  new RegExp(`(?:^|[^a-z])(?:re)?${word}(?:ing|ed|ping|ped|ning|ned|ation|ding|s)?(?![a-z])`, 'i');

function textOf(call: { readonly args: readonly Expression[] }): string {
  const out: string[] = [];
  const look = (one: Expression): void => {
    if (one.kind === 'string') out.push(one.value);
    if (one.kind === 'comma') one.items.forEach(look);
  };
  call.args.forEach(look);
  return out.join(' ');
}

/** Does a name tell of one deed and not of the other? */
function contraryOf(name: string): readonly { readonly deed: string; readonly contrary: string }[] {
  return CONTRARY.flatMap(([one, other]) => [
    { deed: one, contrary: other },
    { deed: other, contrary: one },
  ]).filter(
    ({ deed, contrary }) =>
      inName(deed).test(name) && !inName(contrary).test(name) && !(deed === 'free' && GIVES_FREE.test(name)),
  );
}

/** `ret = enable(…); if (ret) { dev_err(…, "failed to disable"); … }` */
export const textDiffersRule: PathRule = (program: Program) => {
  const hits: RuleHit[] = [];
  for (const [index, branch] of program.nodes.entries()) {
    if (branch.kind !== 'branch' || branch.loop || branch.implicit === true) continue;
    const before = program.nodes.filter((node) => 'next' in node && node.next === index);
    const calls = [
      ...before.flatMap((node) =>
        doings(node).flatMap((one) => (one.into === null ? [] : [{ name: one.name, result: one.into }])),
      ),
      ...(expressionsOf(branch).some((one) => callsIn(one).length === 1)
        ? doings(branch).map((one) => ({ name: one.name, result: null }))
        : []),
    ];
    if (calls.length !== 1) continue;
    const [called] = calls;
    if (called === undefined) continue;
    const result = called.result?.kind === 'name' ? called.result.name : null;
    const told = program.nodes[branch.then];
    if (told?.kind !== 'do' || (result !== null && says(branch.condition, true, result) === null)) continue;
    const [message] = doings(told);
    if (message === undefined || !SAYS.test(message.name)) continue;
    const text = textOf(message.call);
    // The name of the function called may stand in the text as it is.
    if (text === '' || text.includes(called.name)) continue;
    for (const { deed, contrary } of contraryOf(called.name)) {
      if (!inText(contrary).test(text) || inText(deed).test(text)) continue;
      // “free” also says that there is room, “read” that it is ready.
      if (!/\b(?:fail\w*|could not|couldn't|cannot|can't|unable|error)\b/i.test(text)) continue;
      hits.push(
        localHit(
          TEXT_DIFFERS,
          told.at,
          `${called.name}() failed, and the text tells of a failure to ${contrary}: “${text.replace(/\\n/g, '').trim().slice(0, 60)}”`,
          'whoever reads the log looks in the wrong place',
        ),
      );
      break;
    }
  }
  return hits;
};
