import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import { primitive } from '../../kernel/primitives';
import { ERROR_POINTER_MIX, POSITIVE_ERRNO, WRONG_ERRNO } from '../catalog-uapi';
import { doings } from './calls';
import { integerType } from './integer-types';
import { bareCondition, errnoOf, localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';

/** The errno a side of a branch fails with at once: `return -EINVAL`, `ret = -EINVAL; goto out`. */
function failure(program: Program, from: number): { readonly errno: string; readonly at: RuleHit['at'] } | null {
  const node = program.nodes[from];
  if (node?.kind === 'return') {
    const value = node.value === null ? null : withoutCasts(node.value);
    const inside = value?.kind === 'call' && calleeOf(value) === 'ERR_PTR' ? (value.args[0] ?? null) : value;
    const errno = errnoOf(inside);
    return errno === null ? null : { errno, at: node.at };
  }
  if (node?.kind !== 'do' || node.expression.kind !== 'assign' || node.expression.operator !== '=') return null;
  const errno = errnoOf(node.expression.value);
  return errno === null ? null : { errno, at: node.at };
}

const isCopy = (expression: Expression): boolean =>
  expression.kind === 'call' &&
  /^_?_?(?:copy_(?:from|to)_user|get_user|put_user|clear_user)$/.test(calleeOf(expression) ?? '');

const ALLOCATES =
  /^(?:devm_)?k[vm]?[mzc]alloc(?:_array|_node)?$|^kvmalloc$|^kvzalloc$|^vmalloc$|^vzalloc$|^kmemdup$|^kmem_cache_z?alloc$/;

/** Faults are EFAULT, no memory is ENOMEM, unknown commands are ENOTTY. */
export const wrongErrnoRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const [index, node] of program.nodes.entries()) {
    if (node.kind === 'branch') {
      const condition = bareCondition(node.condition);
      const failed = failure(program, node.then);
      if (failed === null) continue;
      if (isCopy(condition) && failed.errno !== 'EFAULT')
        hits.push(
          localHit(
            WRONG_ERRNO,
            failed.at,
            `a fault on user memory gives -${failed.errno}; userspace expects -EFAULT`,
            'each failure has its errno: this one tells the caller to look for the fault elsewhere',
            'Documentation/kernel-hacking/hacking.rst, copy_to_user()',
          ),
        );
      const tested =
        condition.kind === 'unary' && condition.operator === '!' ? print(withoutCasts(condition.operand)) : null;
      const before = program.nodes.findIndex(
        (one) => (one.kind === 'do' || one.kind === 'declare') && one.next === index,
      );
      const made = allocated(program, before, tested);
      if (made !== null && failed.errno !== 'ENOMEM' && failed.errno !== 'EAGAIN')
        hits.push(
          localHit(
            WRONG_ERRNO,
            failed.at,
            `no memory for ${tested} gives -${failed.errno}; -ENOMEM is what ${made}() failing means`,
            'each failure has its errno',
            'Documentation/core-api/memory-allocation.rst',
          ),
        );
    }
    if (node.kind === 'switch' && /ioctl/.test(program.name) && /^_?cmd$|^ioctl$/.test(print(node.subject))) {
      const fallback = failure(program, node.otherwise);
      if (fallback !== null && fallback.errno === 'EINVAL' && node.cases.some((one) => print(one.value) !== ''))
        hits.push(
          localHit(
            WRONG_ERRNO,
            fallback.at,
            'an unknown ioctl gives -EINVAL; userspace tells unknown commands by -ENOTTY',
            'a caller cannot tell a command that does not exist from one it used wrongly',
            'Documentation/driver-api/ioctl.rst, Return code',
          ),
        );
    }
  }
  return hits;
};

function allocated(program: Program, index: number, name: string | null): string | null {
  const node = program.nodes[index];
  if (node === undefined || name === null) return null;
  const value =
    node.kind === 'declare' && node.variable.name === name
      ? node.init
      : node.kind === 'do' && node.expression.kind === 'assign' && print(node.expression.target) === name
        ? node.expression.value
        : null;
  const inner = value === null ? null : withoutCasts(value);
  const callee = inner?.kind === 'call' ? (calleeOf(inner) ?? '') : '';
  return ALLOCATES.test(callee) ? callee : null;
}

const ERRNO_NAMES =
  /^E(?:PERM|NOENT|INTR|IO|NXIO|AGAIN|NOMEM|ACCES|FAULT|BUSY|EXIST|NODEV|INVAL|NOTTY|FBIG|NOSPC|RANGE|OVERFLOW|OPNOTSUPP|NOTSUPP|TIMEDOUT|ADDRINUSE|NOSYS|PROBE_DEFER|ALREADY|NODATA|PROTO)$/;

/** `return EINVAL;` gives a positive number, which is no error. */
export const positiveErrnoRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  const type = integerType(program.returns);
  const say = (at: RuleHit['at'], what: string): void => {
    hits.push(
      localHit(
        POSITIVE_ERRNO,
        at,
        `${what} is a positive number: callers that test for < 0 take it for success`,
        'errors are returned negative',
        'Documentation/process/coding-style.rst, 16) Function return values and names',
      ),
    );
  };
  const isErrno = (expression: Expression | null | undefined): boolean =>
    expression?.kind === 'name' && ERRNO_NAMES.test(expression.name);
  for (const node of program.nodes) {
    if (node.kind === 'return' && type?.signed && isErrno(node.value))
      say(node.at, printShort(node.value ?? { kind: 'unknown', text: '' }));
  }
  for (const { expression, at } of scan(program)) {
    if (expression.kind === 'call' && calleeOf(expression) === 'ERR_PTR' && isErrno(expression.args[0]))
      say(at, printShort(expression));
    if (
      expression.kind === 'assign' &&
      expression.operator === '=' &&
      isErrno(expression.value) &&
      /^(?:ret|err|error|rc|r|result|retval)$/.test(print(expression.target))
    )
      say(at, printShort(expression));
    if (expression.kind === 'unary' && expression.operator === '-') {
      const inner = withoutCasts(expression.operand);
      if (inner.kind === 'call' && calleeOf(inner) === 'PTR_ERR') say(at, printShort(expression));
    }
  }
  return hits;
};

/** The test a branch makes of a pointer. */
function pointerTest(
  condition: Expression,
): { readonly kind: 'IS_ERR' | 'IS_ERR_OR_NULL' | '!'; readonly pointer: string } | null {
  const inner = bareCondition(condition);
  if (inner.kind === 'call' && inner.args[0] !== undefined) {
    const callee = calleeOf(inner);
    if (callee === 'IS_ERR' || callee === 'IS_ERR_OR_NULL')
      return { kind: callee, pointer: print(withoutCasts(inner.args[0])) };
  }
  if (inner.kind === 'unary' && inner.operator === '!') {
    const operand = withoutCasts(inner.operand);
    if (operand.kind === 'name' || operand.kind === 'field') return { kind: '!', pointer: print(operand) };
  }
  return null;
}

/** The pointer whose error one side of a branch passes on at once: `return PTR_ERR(p)`, `ret = PTR_ERR(p)`; prints in between do not matter. */
function passedOn(program: Program, from: number): { readonly pointer: string; readonly at: RuleHit['at'] } | null {
  let index = from;
  for (let hops = 0; hops < 3; hops++) {
    const node = program.nodes[index];
    if (node === undefined) return null;
    const value =
      node.kind === 'return'
        ? node.value
        : node.kind === 'do' && node.expression.kind === 'assign'
          ? node.expression.value
          : null;
    const inner = value === null ? null : withoutCasts(value);
    if (inner?.kind === 'call' && calleeOf(inner) === 'PTR_ERR' && inner.args[0] !== undefined)
      return { pointer: print(withoutCasts(inner.args[0])), at: node.at };
    if (
      node.kind !== 'do' ||
      node.expression.kind !== 'call' ||
      !/^(?:pr|dev|vfio|iommu)_\w+$|print/.test(calleeOf(node.expression) ?? '')
    )
      return null;
    index = node.next;
  }
  return null;
}

const isAdded = (at: RuleHit['at']): boolean => at.kind === 'message' && at.added;

/** Every call that gives the pointer fails with an error pointer: then the test is what is wrong, and `wrong-error-test` tells of it. */
function neverNull(program: Program, pointer: string): boolean {
  const givers = program.nodes.flatMap((node) =>
    doings(node).filter((doing) => doing.into !== null && print(doing.into) === pointer),
  );
  return givers.length > 0 && givers.every((doing) => doing.direct && primitive(doing.name)?.returns === 'ptr_err');
}

/** `if (IS_ERR(a)) return PTR_ERR(b)`, `if (!p) return PTR_ERR(p)`: the error passed on is not the one found. */
export const errorPointerRule: PathRule = (program) => {
  const hits: RuleHit[] = [];
  for (const node of program.nodes) {
    if (node.kind !== 'branch') continue;
    const test = pointerTest(node.condition);
    if (test === null) continue;
    const given = passedOn(program, node.then);
    if (given === null) continue;
    // The test and what it passes on prove it together: the patch may have written one of them alone.
    const at = isAdded(given.at) || !isAdded(node.at) ? given.at : node.at;
    if (given.pointer !== test.pointer) {
      if (test.kind !== '!')
        hits.push(
          localHit(
            ERROR_POINTER_MIX,
            at,
            `${test.pointer} is the error pointer, and PTR_ERR(${given.pointer}) is passed on`,
            'the caller gets an address for an error',
          ),
        );
    } else if (test.kind !== 'IS_ERR' && !(test.kind === '!' && neverNull(program, test.pointer)))
      hits.push(
        localHit(
          ERROR_POINTER_MIX,
          at,
          `PTR_ERR(${given.pointer}) is 0 where ${given.pointer} is NULL: the caller takes the failure for success`,
          'NULL carries no error; one has to be chosen here',
          'include/linux/err.h: PTR_ERR() of NULL is 0',
        ),
      );
  }
  return hits;
};
