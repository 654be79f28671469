/**
 * What a new file takes over. In: functions that make an anonymous file for an object. From then on the last `fput()` calls the file's
 * release function, and the file lives as long as somebody holds its descriptor, with the driver unbound or not.
 */
import type { Expression, Program } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { FILE_TOOK_REFERENCE, MANAGED_BEHIND_FILE } from '../catalog-handovers';
import { doings, named } from './calls';
import { reachBehind } from './reach';
import type { PathRule, RuleHit } from './types';

const MAKES = /^anon_inode_(?:create_)?get(?:file|fd)(?:_fmode|_secure)?$/;
const TAKES = /(?:^|_)(?:get|inc|hold|grab|ref|tryget)(?:_not_zero)?$/;
const DROPS = /(?:^|_)(?:put|dec|drop|unref|release|dec_and_test)$/;

interface Made {
  readonly index: number;
  /** What holds the file. */
  readonly file: string;
  readonly object: string;
  readonly call: string;
  readonly at: Place;
}

function files(program: Program): Made[] {
  return program.nodes.flatMap((node, index) =>
    doings(node).flatMap((doing) => {
      const object = doing.call.args[2];
      if (!doing.direct || !MAKES.test(doing.name) || object === undefined) return [];
      const text = print(withoutCasts(object));
      return /^\w+$/.test(text)
        ? [
            {
              index,
              file: doing.into === null ? '' : print(doing.into),
              object: text,
              call: doing.name,
              at: doing.call.at,
            },
          ]
        : [];
    }),
  );
}

const rootOf = (arg: Expression | undefined): string => /^\w+/.exec(named(arg))?.[0] ?? '';

/** A reference taken for a file is dropped by its last `fput()`, and once more by the function. */
export const fileTookReferenceRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const made of files(program)) {
    if (made.file === '') continue;
    const taken = program.nodes.flatMap((node, index) =>
      reachBehind(program, index).has(made.index)
        ? doings(node).filter(
            (doing) =>
              doing.direct &&
              TAKES.test(doing.name) &&
              doing.into === null &&
              rootOf(doing.call.args[0]) === made.object,
          )
        : [],
    );
    if (taken.length === 0) continue;
    const behind = reachBehind(program, made.index);
    for (const [index, node] of program.nodes.entries()) {
      if (!behind.has(index)) continue;
      const put = doings(node).find((doing) => doing.name === 'fput' && named(doing.call.args[0]) === made.file);
      if (put === undefined) continue;
      for (const at of reachBehind(program, index)) {
        const rest = program.nodes[at];
        for (const doing of rest === undefined ? [] : doings(rest)) {
          const what = named(doing.call.args[0]);
          const get = taken.find((one) => named(one.call.args[0]) === what);
          if (get === undefined || !doing.direct || !DROPS.test(doing.name)) continue;
          if (hits.some((hit) => hit.at === doing.call.at)) continue;
          hits.push({
            rule: FILE_TOOK_REFERENCE,
            at: doing.call.at,
            message: `${doing.name}(${what}) drops what the file’s release function has dropped already: fput(${made.file}) comes first on this way`,
            key: `${made.file}|${what}`,
            why: [
              {
                text: `since ${made.call}() succeeded the reference belongs to the file; only where it fails the function has to drop it`,
                reference: null,
              },
            ],
            related: [
              { at: get.call.at, message: 'taken for the file here' },
              { at: put.call.at, message: 'dropped with the file here' },
            ],
            cause: made.at,
          });
        }
      }
    }
  }
  return hits.slice(0, 1);
};

const MANAGED = /^devm_(?:k[mzc]alloc(?:_array)?|kmalloc_array|kvzalloc|kmemdup|kstrdup)$/;

/** Memory that goes when the driver is unbound is what an open file works on. */
export const managedBehindFileRule: PathRule = (program) => {
  const managed = new Map<string, { readonly name: string; readonly at: Place }>();
  for (const node of program.nodes)
    for (const doing of doings(node))
      if (doing.direct && MANAGED.test(doing.name) && doing.into?.kind === 'name')
        managed.set(doing.into.name, { name: doing.name, at: doing.call.at });
  if (managed.size === 0) return [];
  const hits: RuleHit[] = [];
  const say = (object: string, by: string, at: Place): void => {
    const from = managed.get(object);
    if (from === undefined) return;
    hits.push({
      rule: MANAGED_BEHIND_FILE,
      at: from.at,
      message: `${object} is freed when the driver is unbound, and the file that gets it by ${by} may be open longer`,
      key: `${object}|${by}`,
      why: [
        {
          text: 'an open descriptor keeps its file, not the binding of a driver; the file’s release function has to free what the file uses',
          reference: 'Documentation/driver-api/driver-model/devres.rst',
        },
      ],
      related: [{ at, message: 'given to the file here' }],
    });
  };
  for (const made of files(program)) say(made.object, `${made.call}()`, made.at);
  for (const node of program.nodes) {
    if (node.kind !== 'do' || node.expression.kind !== 'assign') continue;
    const { target, value } = node.expression;
    const bare = withoutCasts(value);
    const place = withoutCasts(target);
    if (
      place.kind === 'field' &&
      place.field === 'private_data' &&
      /file|filp/.test(print(place.base)) &&
      bare.kind === 'name'
    )
      say(bare.name, 'private_data', node.at);
  }
  return hits;
};
