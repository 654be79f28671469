/**
 * A result that may be a negative error, compared with an unsigned value: it is converted and passes for a huge one. In: one function, what is known of
 * those it calls. Out: hits of class arith.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { expressionsOf, print, printShort, visit, withoutCasts } from '../../code/walk';
import { NEGATIVE_PASSES } from '../catalog-contracts';
import { doings, written } from './calls';
import { isFailure } from './exits';
import { declaredTypes, type IntegerType, integerType, writtenType } from './integer-types';
import { mentions } from './mentions';
import { isAdded, reach } from './reach';
import type { PathRule, RuleHit, Surroundings } from './types';

/** Kernel functions that give a number, or a negative error. */
const MAY_FAIL =
  /^(?:pci_irq_vector|pci_alloc_irq_vectors(?:_affinity)?|pci_enable_msix?_range|platform_get_irq(?:_optional|_byname)?|platform_irq_count|of_irq_get|irq_of_parse\w*|ida_alloc\w*|ida_simple_get|idr_alloc\w*|bitmap_find_free_region|kernel_read|kernel_write|vfs_read|vfs_write|iommu_map_sg|(?:pin|get)_user_pages\w*|irq_domain_alloc_irqs\w*|__irq_domain_alloc_irqs|msi_domain_insert\w*|pcie_capability_\w+|sysfs_emit|simple_read_from_buffer|regmap_\w*read|pm_runtime_get_if_in_use|fwnode_property_count_\w+|of_property_count_\w+)$/;

/** Does a function in sight return a negative error on some way, and something else than 0 on another? */
function mayFail(name: string, { programs }: Surroundings): boolean {
  if (MAY_FAIL.test(name)) return true;
  const program = programs.get(name);
  if (program === undefined || !/^(?:int|long|ssize_t)$/.test(program.returns)) return false;
  const values = program.nodes.flatMap((node) =>
    node.kind === 'return' && node.value !== null ? [withoutCasts(node.value)] : [],
  );
  return (
    values.some((value) => isFailure(value) || failedName(program, value)) &&
    values.some((value) => value.kind === 'binary' || value.kind === 'field' || value.kind === 'name')
  );
}

/** `if (n < 0) return n;` */
function failedName(program: Program, value: Expression): boolean {
  if (value.kind !== 'name') return false;
  return program.nodes.some((node) => {
    if (node.kind !== 'branch') return false;
    const condition = withoutCasts(node.condition);
    const then = program.nodes[node.then];
    return (
      condition.kind === 'binary' &&
      condition.operator === '<' &&
      print(withoutCasts(condition.left)) === value.name &&
      then?.kind === 'return' &&
      then.value !== null &&
      print(withoutCasts(then.value)) === value.name
    );
  });
}

function unsignedWidth(expression: Expression, program: Program, around: Surroundings): IntegerType | null {
  const bare = withoutCasts(expression);
  if (expression.kind === 'cast') return integerType(expression.type);
  if (expression.kind === 'sizeof' || bare.kind === 'sizeof') return { bits: 64, signed: false, always: false };
  return integerType(writtenType(bare, program, around) ?? globalType(bare, program, around) ?? '');
}

/** The type of `table[i].member` where the table is a variable of the file. */
function globalType(expression: Expression, program: Program, around: Surroundings): string | null {
  if (expression.kind !== 'field') return null;
  const base = expression.base.kind === 'index' ? expression.base.base : expression.base;
  if (base.kind !== 'name' || declaredTypes(program).has(base.name)) return null;
  const tag = /struct (\w+)/.exec(around.globals?.get(base.name)?.variable.type ?? '')?.[1];
  const structure = tag === undefined ? undefined : around.structures.get(tag);
  return structure?.fields.find((one) => one.name === expression.field)?.type ?? null;
}

const asksSign = (node: ProgramNode, name: string): boolean => {
  let found = false;
  for (const expression of expressionsOf(node))
    visit(expression, (inner) => {
      if (inner.kind === 'binary' && /^[<>]=?$/.test(inner.operator)) {
        const right = withoutCasts(inner.right);
        if (print(withoutCasts(inner.left)) === name && right.kind === 'number') found = true;
      }
      if (
        inner.kind === 'call' &&
        inner.args.some((arg) => mentions(arg, name)) &&
        /^(?:IS_ERR_VALUE|WARN_ON\w*)$/.test(print(inner.target))
      )
        found = true;
      if (inner.kind === 'binary' && /^[!=]=$/.test(inner.operator) && print(withoutCasts(inner.left)) === name)
        found = true;
    });
  return found;
};

export const negativePassesRule: PathRule = (program, around) => {
  const hits: RuleHit[] = [];
  for (const node of program.nodes)
    for (const { name, into } of doings(node)) {
      if (into?.kind !== 'name' || !('next' in node)) continue;
      const type = integerType(declaredTypes(program).get(into.name) ?? '');
      if (type === null || !type.signed || !mayFail(name, around)) continue;
      const result = into.name;
      const way = reach(
        program,
        [node.next],
        (one) => one.kind === 'unknown' || written(one).includes(result) || asksSign(one, result),
      );
      for (const index of [...way].sort((a, b) => a - b)) {
        const test = program.nodes[index];
        if (test?.kind !== 'branch' || !(isAdded(test) || isAdded(node)) || asksSign(test, result)) continue;
        let bad: Expression | null = null;
        visit(test.condition, (inner) => {
          if (inner.kind !== 'binary' || !/^[<>]=?$/.test(inner.operator)) return;
          for (const [one, other] of [
            [inner.left, inner.right],
            [inner.right, inner.left],
          ] as const) {
            const bare = one.kind === 'name' ? one : null;
            const against = bare?.name === result ? unsignedWidth(other, program, around) : null;
            if (against !== null && !against.signed && against.bits >= type.bits && against.bits >= 32) bad = inner;
          }
        });
        if (bad === null) continue;
        hits.push({
          rule: NEGATIVE_PASSES,
          at: test.at,
          message: `${printShort(bad)} converts ${result} to unsigned: the negative error that ${name}() may give passes for a huge value`,
          key: `${name}|${result}`,
          why: [
            {
              text: `nothing asks before whether ${result} is negative`,
              reference: 'C11 6.3.1.8: of two operands of one rank the signed one is converted',
            },
          ],
          related: [{ at: node.at, message: `${result} is set here` }],
        });
        break;
      }
    }
  return hits;
};
