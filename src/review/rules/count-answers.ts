/** Answers that are counts. In: a function before and after a patch. Out: one that told how many there are and only fails now. */
import type { Expression, Program } from '../../code/types';
import { print, withoutCasts } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { ANSWER_LOST } from '../catalog-uapi';
import { doings } from './calls';
import { reach } from './reach';
import { bareCondition } from './scan';
import type { PathRule, RuleHit } from './types';

/** Code whose results reach userspace as those of an ioctl. */
const ANSWERS_USERS = /^(?:drivers\/vfio\/|drivers\/iommu\/iommufd\/|virt\/kvm\/|arch\/\w+\/kvm\/|drivers\/vhost\/)/;

interface Told {
  readonly call: string;
  readonly variable: string;
  readonly wanted: string;
  readonly at: Place;
}

/** `ret = f(…); if (ret < wanted) … return ret;`: less than was asked for comes back as a number. */
function tellsCount(program: Program): Told | null {
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind !== 'branch' || node.loop) continue;
    const compared = shortOf(node.condition);
    if (compared === null) continue;
    const call = program.nodes
      .flatMap((one, at) => doings(one).map((doing) => ({ doing, at })))
      .find(
        ({ doing, at }) =>
          doing.direct &&
          doing.into !== null &&
          print(doing.into) === compared.variable &&
          primitive(doing.name)?.returns === 'count' &&
          reach(program, [at]).has(index),
      );
    if (call === undefined) continue;
    const back = [...reach(program, [node.then])].some((at) => {
      const one = program.nodes[at];
      return one?.kind === 'return' && one.value !== null && print(withoutCasts(one.value)) === compared.variable;
    });
    const replaced = [...reach(program, [node.then])].some((at) => {
      const one = program.nodes[at];
      return (
        one?.kind === 'do' && one.expression.kind === 'assign' && print(one.expression.target) === compared.variable
      );
    });
    if (back && !replaced) return { ...compared, call: call.doing.name, at: node.at };
  }
  return null;
}

/** `ret < nvec`, `nvec > ret`, where what is asked for is no plain number. */
function shortOf(condition: Expression): { variable: string; wanted: string } | null {
  const bare = bareCondition(condition);
  if (bare.kind !== 'binary' || !/^[<>]$/.test(bare.operator)) return null;
  const [small, large] = bare.operator === '<' ? [bare.left, bare.right] : [bare.right, bare.left];
  const [variable, wanted] = [withoutCasts(small), withoutCasts(large)];
  return variable.kind !== 'name' || wanted.kind === 'number' || wanted.kind === 'unary'
    ? null
    : { variable: variable.name, wanted: print(wanted) };
}

/** How many could be had was told where there were fewer than asked for; now nothing but an error is. */
export const countAnswerLostRule: PathRule = (program, { before }) => {
  if (!ANSWERS_USERS.test(program.file) || program.returns !== 'int') return [];
  const earlier = before?.() ?? null;
  const told = earlier === null ? null : tellsCount(earlier);
  if (told === null || tellsCount(program) !== null) return [];
  const now = program.nodes
    .flatMap((node) => doings(node))
    .find((doing) => doing.direct && doing.name === told.call && doing.into !== null);
  if (now === undefined || now.into === null) return [];
  const variable = print(now.into);
  const compares = program.nodes.some(
    (node) => node.kind === 'branch' && !node.loop && shortOf(node.condition)?.variable === variable,
  );
  const exits = program.nodes.some(
    (node) =>
      node.kind === 'branch' && !node.loop && /^(?:ret|rc|err|r)\w* < 0$/.test(print(bareCondition(node.condition))),
  );
  if (compares || !exits) return [];
  const hit: RuleHit = {
    rule: ANSWER_LOST,
    at: now.call.at,
    message: `${program.name}() gave back how many ${told.call}() had where there were fewer than ${told.wanted}; now it only fails`,
    key: told.call,
    why: [
      {
        text: 'userspace asks again for as many as it was told: the number is part of the interface',
        reference: 'include/uapi/linux/vfio.h, VFIO_DEVICE_SET_IRQS',
      },
    ],
    related: [{ at: told.at, message: 'told here before' }],
  };
  return [hit];
};
