/**
 * An answer that tells userspace how much room it needs has to arrive together with the error. In: functions that keep a count in a
 * structure for userspace and return that there is no room. Out: hits of class uapi where nobody copies it.
 */
import type { Program, ProgramTable } from '../../code/types';
import { calleeOf, callsOf, print, withoutCasts } from '../../code/walk';
import type { Change } from '../../patch/types';
import { ANSWER_LOST } from '../catalog-uapi';
import { says } from './conditions';
import { isAdded, reach, written } from './reach';
import { errnoOf } from './scan';
import type { PatchHit, PatchRule } from './types';

const NO_ROOM = /^(?:ENOSPC|E2BIG|EMSGSIZE|EOVERFLOW|ENOBUFS)$/;
const COPIES = /^(?:copy_to_user|__copy_to_user|copy_struct_to_user|put_user|iommufd_ucmd_respond)$/;

interface Answer {
  /** The parameter that points to the structure. */
  readonly parameter: string;
  readonly field: string;
  readonly errno: string;
}

/** `parameter->count = …; return -ENOSPC;`, one right behind the other. */
function answersOf(program: Program): Answer[] {
  return program.nodes.flatMap((node): Answer[] => {
    if (node.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=') return [];
    const target = withoutCasts(node.expression.target);
    if (target.kind !== 'field' || !target.arrow) return [];
    const base = print(withoutCasts(target.base));
    if (!program.parameters.some((one) => one.name === base && / \*$/.test(one.type) && !/__user/.test(one.type)))
      return [];
    const end = written(program, node.next);
    const errno = end?.kind === 'return' ? errnoOf(end.value) : null;
    return errno !== null && NO_ROOM.test(errno) ? [{ parameter: base, field: target.field, errno }] : [];
  });
}

/**
 * The same by the lines of the patch, for a function whose hunks leave gaps: its lines go up to where the next function of the file
 * begins.
 */
function answersInText(program: Program, change: Change, others: readonly Program[]): Answer[] {
  const start = program.at.kind === 'message' ? program.at.line : null;
  if (start === null || program.evidence === 'full') return [];
  const heads = others.flatMap((one) => (one.file === program.file && one.at.kind === 'message' ? [one.at.line] : []));
  const stop = Math.min(...heads.filter((line) => line > start), Number.POSITIVE_INFINITY);
  const lines = change.files
    .filter((file) => file.path === program.file)
    .flatMap((file) => file.hunks.flatMap((hunk) => hunk.lines))
    .filter((line) => line.kind !== 'delete' && line.line > start && line.line < stop);
  return lines.flatMap((line, index): Answer[] => {
    const stored = /^\s*(\w+)->(\w+)\s*=[^=]/.exec(line.text);
    const errno = /^\s*return\s+-(E[A-Z0-9]+);/.exec(lines[index + 1]?.text ?? '')?.[1];
    const [, parameter, field] = stored ?? [];
    if (parameter === undefined || field === undefined || errno === undefined || !NO_ROOM.test(errno)) return [];
    return program.parameters.some((one) => one.name === parameter && / \*$/.test(one.type) && !/__user/.test(one.type))
      ? [{ parameter, field, errno }]
      : [];
  });
}

const copiesTo = (node: Program['nodes'][number], structure: string): boolean =>
  callsOf(node).some(
    (call) =>
      COPIES.test(calleeOf(call) ?? '') &&
      call.args.some((arg) => new RegExp(`^&?${structure}(?:\\.|->|$)`).test(print(withoutCasts(arg)))),
  );

/** Ways out of a caller that a failed call takes without copying. */
function untold(program: Program, callee: string, position: number, answer: Answer): PatchHit[] {
  return program.nodes.flatMap((node, index): PatchHit[] => {
    const call = callsOf(node).find((one) => calleeOf(one) === callee);
    if (call === undefined || node.kind !== 'do' || node.expression.kind !== 'assign') return [];
    const structure = print(withoutCasts(call.args[position] ?? call)).replace(/^&/, '');
    const result = print(node.expression.target);
    const test = program.nodes[node.next];
    if (!/^\w+$/.test(structure) || test?.kind !== 'branch' || test.loop) return [];
    const said = says(test.condition, true, result);
    if (said === null || (said.said !== 'nonzero' && said.said !== 'negative')) return [];
    const end = written(program, test.then);
    if (end?.kind !== 'return' || print(end.value ?? node.expression.target) !== result) return [];
    // It copies this structure when all goes well: then it is what userspace reads.
    const copied = [...reach(program, [test.otherwise], (_, at) => at === index)].some((at) => {
      const one = program.nodes[at];
      return one !== undefined && copiesTo(one, structure);
    });
    if (!copied || !(isAdded(end) || isAdded(test))) return [];
    return [
      {
        rule: ANSWER_LOST,
        at: test.at,
        message: `${callee}() stores ${structure}.${answer.field} and returns -${answer.errno}, and ${program.name}() leaves without copying ${structure} to userspace`,
        why: [
          {
            text: 'userspace asks with a small buffer to learn how large it has to be; it gets the error and not the number',
            reference: 'VFIO_DEVICE_GET_PCI_HOT_RESET_INFO in include/uapi/linux/vfio.h',
          },
        ],
        related: [{ at: call.at, message: 'the call' }],
        file: program.file,
        function: program.name,
      },
    ];
  });
}

function callersOf(name: string, { programs }: ProgramTable, more: readonly Program[]): Program[] {
  const all = new Map([...programs.values(), ...more].map((one) => [one.name, one]));
  return [...all.values()].filter((one) =>
    one.nodes.some((node) => callsOf(node).some((call) => calleeOf(call) === name)),
  );
}

export const countUntoldRule: PatchRule = ({ change, after }) => {
  const programs = after.touched.flatMap((one) => (one.program === null || one.removed ? [] : [one.program]));
  return programs.flatMap((program) => {
    // It copies the structure itself before it leaves.
    const answers = [...answersOf(program), ...answersInText(program, change, programs)].filter(
      (one) => !program.nodes.some((node) => copiesTo(node, one.parameter)),
    );
    const answer = answers[0];
    if (answer === undefined) return [];
    const position = program.parameters.findIndex((one) => one.name === answer.parameter);
    return callersOf(program.name, after.tree, programs)
      .filter((one) => programs.includes(one) && one !== program)
      .flatMap((caller) => untold(caller, program.name, position, answer));
  });
};
