import { NOWHERE, successors } from '../../code/lower';
import type { Expression, Program, ProgramNode, Structure, Variable } from '../../code/types';
import { type CallExpression, calleeOf, callsOf, expressionsOf, print, visit, withoutCasts } from '../../code/walk';
import type { Place } from '../../place';
import { ARGSZ_UNCHECKED, FLAGS_UNCHECKED, RESERVED_UNCHECKED } from '../catalog-uapi';
import type { PathRule, RuleHit } from './types';

const VFIO_UAPI = 'include/uapi/linux/vfio.h: argsz and flags of every structure';

/**
 * A structure filled from userspace: in this function by `copy_from_user(&map, …)`, or before it was called: an iommufd command
 * gets its own as `ucmd->cmd`, copied whole and zero-filled by the caller, which has looked at the size (drivers/iommu/iommufd/main.c).
 */
interface UserStructure {
  readonly variable: Variable;
  readonly structure: Structure;
  /** Where it is known to be the user's. */
  readonly at: Place;
  /** Its fields are reached through a pointer. */
  readonly pointer: boolean;
  /** Is the whole structure copied, not only a part in front? */
  readonly whole: boolean;
  /** The caller compared the user's size with what it knows. */
  readonly sizeKnown: boolean;
  /** Where the variable's name means it. */
  readonly nodes: readonly ProgramNode[];
}

function structureName(type: string): string | null {
  return /^(?:const )?struct (\w+)(?: ?\*)?$/.exec(type.trim())?.[1] ?? null;
}

/** `ucmd->cmd` of a parameter that is an iommufd command. */
function isCommand(init: Expression | null, program: Program): boolean {
  const value = init === null ? null : withoutCasts(init);
  if (value?.kind !== 'field' || value.field !== 'cmd' || value.base.kind !== 'name') return false;
  const { name } = value.base;
  return program.parameters.some((one) => one.name === name && /^struct iommufd_ucmd ?\*$/.test(one.type.trim()));
}

/**
 * The nodes from one on, as far as the name means the same variable there: not beyond another declaration of it.
 * C lets two blocks of one function have a variable each under one name.
 */
function scope(program: Program, from: number, name: string): ProgramNode[] {
  const seen = new Set<number>();
  const work = [from];
  const found: ProgramNode[] = [];
  while (work.length > 0) {
    const index = work.pop() ?? NOWHERE;
    const node = program.nodes[index];
    if (node === undefined || seen.has(index)) continue;
    seen.add(index);
    if (index !== from && node.kind === 'declare' && node.variable.name === name) continue;
    found.push(node);
    work.push(...successors(node));
  }
  return found;
}

function userStructures(program: Program, structures: ReadonlyMap<string, Structure>): UserStructure[] {
  return program.nodes.flatMap((declared, index): UserStructure[] => {
    if (declared.kind !== 'declare') return [];
    const { variable } = declared;
    const structure = structures.get(structureName(variable.type) ?? '');
    if (structure === undefined) return [];
    const nodes = scope(program, index, variable.name);
    const pointer = variable.type.includes('*');
    if (pointer)
      return isCommand(declared.init, program)
        ? [{ variable, structure, at: declared.at, pointer, whole: true, sizeKnown: true, nodes }]
        : [];
    const copy = nodes.flatMap(callsOf).find((call) => {
      const target = call.args[0] === undefined ? null : withoutCasts(call.args[0]);
      return (
        calleeOf(call) === 'copy_from_user' &&
        target?.kind === 'unary' &&
        target.operator === '&' &&
        target.operand.kind === 'name' &&
        target.operand.name === variable.name
      );
    });
    return copy === undefined
      ? []
      : [{ variable, structure, at: copy.at, pointer, whole: copiesAll(copy), sizeKnown: false, nodes }];
  });
}

const hasField = (structure: Structure, field: string): boolean => structure.fields.some((one) => one.name === field);

/** Where a decision of the function, or a call that gets the whole structure, looks at a field. */
function uses(
  nodes: readonly ProgramNode[],
  variable: string,
  field: string,
  programs: ReadonlyMap<string, Program>,
): { readonly decided: Expression[]; readonly handedOver: boolean } {
  const decided: Expression[] = [];
  let handedOver = false;
  const isField = (e: Expression) =>
    e.kind === 'field' && e.field === field && e.base.kind === 'name' && e.base.name === variable;
  /** Does the helper look at the field of the structure it gets? One whose body is not known may. */
  const helperLooks = (callee: string, index: number): boolean => {
    const helper = programs.get(callee);
    const parameter = helper?.parameters[index];
    if (helper === undefined || helper.evidence === 'fragment' || parameter === undefined) return true;
    return helper.nodes.some((node) =>
      expressionsOf(node).some((expression) => {
        let looks = false;
        visit(expression, (inner) => {
          if (
            inner.kind === 'field' &&
            inner.field === field &&
            inner.base.kind === 'name' &&
            inner.base.name === parameter.name &&
            (node.kind === 'branch' || node.kind === 'switch' || node.kind === 'return')
          )
            looks = true;
          // Passed on further: leave it at that.
          if (
            inner.kind === 'call' &&
            inner.args.some((arg) => print(withoutCasts(arg)) === parameter.name) &&
            !/^(?:copy_(?:from|to)_user|memset)$/.test(calleeOf(inner) ?? '')
          )
            looks = true;
        });
        return looks;
      }),
    );
  };
  for (const node of nodes) {
    const decides = node.kind === 'branch' || node.kind === 'switch' || node.kind === 'return';
    for (const expression of expressionsOf(node)) {
      visit(expression, (inner) => {
        if (isField(inner) && decides) decided.push(expression);
        const callee = inner.kind === 'call' ? (calleeOf(inner) ?? '') : '';
        if (inner.kind === 'call' && !/^(?:copy_(?:from|to)_user|memset|sizeof|offsetof\w*)$/.test(callee)) {
          for (const [index, arg] of inner.args.entries()) {
            const bare = withoutCasts(arg);
            const whole = bare.kind === 'unary' && bare.operator === '&' ? bare.operand : bare;
            if (whole.kind === 'name' && whole.name === variable && helperLooks(callee, index)) handedOver = true;
            if (isField(bare)) handedOver = true;
          }
        }
        // Copied elsewhere: looked at where this rule cannot see.
        if (inner.kind === 'assign' && isField(withoutCasts(inner.value))) handedOver = true;
      });
    }
  }
  return { decided, handedOver };
}

/** Does the decision refuse bits it does not know of `whole`, a field as printed: `flags & ~KNOWN`, `flags`, `flags != X`, a switch over the whole? Testing one known bit does not. */
function refusesUnknown(decision: Expression, whole: string): boolean {
  let refuses = false;
  const isWhole = (e: Expression) => print(withoutCasts(e)) === whole;
  const look = (e: Expression): void => {
    const inner = withoutCasts(e);
    if (isWhole(inner)) refuses = true;
    else if (inner.kind === 'unary' && inner.operator === '!') look(inner.operand);
    else if (inner.kind === 'binary') {
      if (inner.operator === '&&' || inner.operator === '||') {
        look(inner.left);
        look(inner.right);
      } else if (inner.operator === '&') {
        const other = isWhole(inner.left) ? inner.right : isWhole(inner.right) ? inner.left : null;
        // A mask in a variable may be a negated one: quiet.
        if (other !== null)
          visit(other, (part) => {
            if (
              (part.kind === 'unary' && part.operator === '~') ||
              (part.kind === 'name' && !/^[A-Z0-9_]+$/.test(part.name))
            )
              refuses = true;
          });
        else {
          look(inner.left);
          look(inner.right);
        }
      } else if (/^(?:==|!=|<|>|<=|>=|\^)$/.test(inner.operator)) {
        visit(inner, (part) => {
          if (part.kind === 'field' && isWhole(part)) refuses = true;
        });
      }
    } else if (inner.kind === 'call') for (const arg of inner.args) look(arg);
  };
  look(decision);
  return refuses;
}

/** Is the field written by the function: an answer to userspace, not a wish of it? */
function answers(nodes: readonly ProgramNode[], place: string): boolean {
  return nodes.some(
    (node) =>
      node.kind === 'do' &&
      node.expression.kind === 'assign' &&
      node.expression.operator === '=' &&
      print(withoutCasts(node.expression.target)) === place,
  );
}

/** Is the whole structure copied, not only a part in front? */
function copiesAll(copy: CallExpression): boolean {
  const size = copy.args[2];
  return size !== undefined && /^sizeof\((?:struct \w+|\w+)\)$/.test(print(size));
}

/** `argsz`, `flags` and reserved fields of a structure from userspace must be looked at before the rest is believed. */
export const userStructureRule: PathRule = (program, { structures, programs }) => {
  if (program.evidence === 'fragment') return [];
  const hits: RuleHit[] = [];
  for (const { variable, structure, at, pointer, whole, sizeKnown, nodes } of userStructures(program, structures)) {
    const text = (field: string) => `${variable.name}${pointer ? '->' : '.'}${field}`;
    const related = [{ at: structure.at, message: `struct ${structure.name}` }];
    if (hasField(structure, 'argsz') && !sizeKnown) {
      const { decided, handedOver } = uses(nodes, variable.name, 'argsz', programs);
      if (decided.length === 0 && !handedOver)
        hits.push({
          rule: ARGSZ_UNCHECKED,
          at,
          message: `${text('argsz')} is never compared with the size that is read from struct ${structure.name}`,
          why: [
            {
              text: 'a caller built against a shorter structure is read beyond its end, and the structure can never grow',
              reference: VFIO_UAPI,
            },
          ],
          related,
        });
    }
    if (hasField(structure, 'flags')) {
      const { decided, handedOver } = uses(nodes, variable.name, 'flags', programs);
      if (
        !handedOver &&
        !answers(nodes, text('flags')) &&
        !decided.some((decision) => refusesUnknown(decision, text('flags')))
      )
        hits.push({
          rule: FLAGS_UNCHECKED,
          at,
          message: `bits of ${text('flags')} (struct ${structure.name}) that are not defined are accepted`,
          why: [
            {
              text: 'a bit that is ignored today cannot be given a meaning tomorrow: old kernels would silently do something else',
              reference: 'Documentation/process/botching-up-ioctls.rst, Basics',
            },
          ],
          related,
        });
    }
    // Only of a structure that the series defines: in an older one it is too late to refuse what was accepted.
    const reserved = structure.fields.find((field) => /^_*(?:reserved|resv|rsvd|mbz)\d*$/.test(field.name));
    if (reserved !== undefined && reserved.at.kind === 'message' && reserved.at.added && whole) {
      const { decided, handedOver } = uses(nodes, variable.name, reserved.name, programs);
      if (decided.length === 0 && !handedOver)
        hits.push({
          rule: RESERVED_UNCHECKED,
          at,
          message: `${text(reserved.name)} (struct ${structure.name}) is accepted whatever it holds`,
          why: [
            {
              text: 'a field that is not required to be zero today cannot be used tomorrow',
              reference: 'Documentation/process/botching-up-ioctls.rst, Basics',
            },
          ],
          related: [{ at: reserved.at, message: `reserved in struct ${structure.name}` }],
        });
    }
  }
  return hits;
};
