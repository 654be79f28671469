/** A result that may be a negative error, compared with a size: the comparison is made without a sign, and the error passes for a large number. */
import type { Expression, Program } from '../../code/types';
import { calleeOf, print, printShort, withoutCasts } from '../../code/walk';
import { SIGN_LOST } from '../catalog-arith';
import { declaredTypes, integerType, typeOf } from './integer-types';
import { localHit, scan } from './scan';
import type { PathRule, RuleHit } from './types';

/** The calls whose result a variable gets. */
function callsInto(program: Program, variable: string): string[] {
  const found: string[] = [];
  const look = (target: string, value: Expression): void => {
    const inner = withoutCasts(value);
    if (target === variable && inner.kind === 'call') found.push(calleeOf(inner) ?? '');
  };
  for (const node of program.nodes)
    if (node.kind === 'declare' && node.init !== null) look(node.variable.name, node.init);
  for (const { expression } of scan(program))
    if (expression.kind === 'assign' && expression.operator === '=')
      look(print(withoutCasts(expression.target)), expression.value);
  return found;
}

/** Calls that give no negative number. */
const NEVER_NEGATIVE =
  /^(?:min|max|min_t|max_t|clamp|clamp_t|s[cn]*printf|scnprintf|strlen|strnlen|hweight\w*|bitmap_weight|fls\w*|ffs|__ffs|ilog2|order_base_2|get_order|cpumask_weight|num_\w+|copy_\w+|list_count_nodes|DIV_ROUND_UP|sizeof|round\w*|ALIGN\w*|read\w?[bwlq]|ioread\w+|atomic_\w+|find_\w+_bit|le\d+_to_cpu|be\d+_to_cpu|smp_\w+|READ_ONCE)$/;

/** Is the variable asked for its sign, or for 0, anywhere? */
function signAsked(program: Program, variable: string): boolean {
  return scan(program).some(({ expression }) => {
    if (expression.kind === 'call') {
      const name = calleeOf(expression) ?? '';
      return (
        /^(?:IS_ERR_VALUE|likely|unlikely)$/.test(name) &&
        expression.args.some((arg) => print(withoutCasts(arg)) === variable)
      );
    }
    if (expression.kind === 'unary' && expression.operator === '!')
      return print(withoutCasts(expression.operand)) === variable;
    if (expression.kind !== 'binary' || !/^(?:<|<=|>|>=|==|!=)$/.test(expression.operator)) return false;
    const sides = [withoutCasts(expression.left), withoutCasts(expression.right)];
    const [own, other] = print(sides[0] as Expression) === variable ? sides : [sides[1], sides[0]];
    if (own === undefined || other === undefined || print(own) !== variable) return false;
    return other.kind === 'number' || (other.kind === 'unary' && other.operator === '-');
  });
}

/** Is it tested as it stands: `if (ret)`? */
const truthAsked = (program: Program, variable: string): boolean =>
  program.nodes.some((node) => node.kind === 'branch' && asTruth(node.condition, variable));

function asTruth(condition: Expression, variable: string): boolean {
  const inner = withoutCasts(condition);
  if (inner.kind === 'binary' && /^(?:&&|\|\|)$/.test(inner.operator))
    return asTruth(inner.left, variable) || asTruth(inner.right, variable);
  return print(inner) === variable;
}

/** `ret < sizeof(x)`: false for every negative error, and nothing else in the function looks for one. */
export const signedSizeRule: PathRule = (program, around) =>
  scan(program).flatMap(({ expression, at }): RuleHit[] => {
    if (expression.kind !== 'binary' || !/^[<>]=?$/.test(expression.operator)) return [];
    const upward = expression.operator.startsWith('>');
    const [small, large] = upward ? [expression.right, expression.left] : [expression.left, expression.right];
    // A cast says that it was thought of.
    if (small.kind !== 'name') return [];
    const written = declaredTypes(program).get(small.name) ?? null;
    const type = written === null ? null : integerType(written);
    if (type === null || !type.signed || type.bits < 32) return [];
    const other = typeOf(large, program, around);
    if (other === null || other.signed || other.bits < type.bits) return [];
    const calls = callsInto(program, small.name);
    const [call] = calls;
    if (call === undefined || calls.some((name) => NEVER_NEGATIVE.test(name))) return [];
    if (signAsked(program, small.name) || truthAsked(program, small.name)) return [];
    return [
      localHit(
        SIGN_LOST,
        at,
        `${small.name} is ${written} and may be an error of ${call}(), and ${printShort(expression)} is compared without a sign: a negative number is never below ${printShort(large)}`,
        'the error passes the test that is to find it; test for a negative result first, or cast the size to the signed type',
        'C11 6.3.1.8: the usual arithmetic conversions',
      ),
    ];
  });
