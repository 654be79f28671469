/**
 * Who holds what: acquisitions, releases and hand-overs of one node, as the kernel's primitives say them. In: a node. Out: what it
 * takes, gives back, and lets out of the function's hands. Knows nothing of paths.
 */
import type { Expression, Program, ProgramNode } from '../../code/types';
import { expressionsOf, namesIn, print, visit, withoutCasts } from '../../code/walk';
import { sameFamily } from '../../kernel/families';
import { argumentIndex, type Primitive, primitive } from '../../kernel/primitives';
import type { Place } from '../../place';
import { type Doing, doings, named, readsPlace, UNDOES } from './calls';
import { isOwn } from './own-pairs';

/** Something this function acquired. */
export interface Taken {
  /** Tells one from another within a function. */
  readonly key: string;
  /** The text that names it: a variable, a field, or what a call was given. */
  readonly text: string;
  /** `local`: a variable of the function alone knows it. `place`: a field or element does. `argument`: it was acquired on something. */
  readonly kind: 'local' | 'place' | 'argument';
  readonly primitive: Primitive;
  readonly call: string;
  /** The result by which a failure would be known; null when nobody keeps it. */
  readonly result: string | null;
  /** The first function that gives it back. */
  readonly release: string;
  readonly at: Place;
}

/** Resources of which a function may hold several at once, or that end with what holds them. */
const COUNTED = /^(?:kref|refcount|irq_bypass|msi_cookie|dentry)$/;

/** What a node acquires. `locals`: the variables of the function. `pairs`: what the code itself pairs with an undoing. */
export function acquisitions(
  node: ProgramNode,
  locals: ReadonlySet<string>,
  pairs: ReadonlyMap<string, Primitive>,
): Taken[] {
  return doings(node).flatMap((doing): Taken[] => {
    const known = doing.direct ? (primitive(doing.name) ?? pairs.get(doing.name) ?? null) : null;
    if (known?.acquires == null || known.kind === 'lock' || /^devm_/.test(doing.name)) return [];
    const release = known.pairsWith.find((name) => primitive(name)?.releases != null) ?? known.pairsWith[0];
    if (release === undefined) return [];
    const common = { primitive: known, call: doing.name, release, at: doing.call.at };
    const { resource, by } = known.acquires;
    if (by === 'global') return [];
    if (COUNTED.test(resource)) return [];
    // A symbol is given back by its name.
    if (doing.name === 'symbol_get') {
      const text = named(doing.call.args[0]);
      const result = doing.into === null ? null : print(doing.into);
      return [{ ...common, key: `symbol:${text}`, text, kind: 'argument', result }];
    }
    if (by === 'result') {
      if (doing.into === null) {
        // `get_device(dev);`: the reference is on what was given.
        if (known.kind !== 'refcount' || known.fails.length > 0 || node.kind === 'return') return [];
        const text = named(doing.call.args[0]);
        return text === '' ? [] : [{ ...common, key: `${resource}:${text}`, text, kind: 'argument', result: null }];
      }
      const text = print(doing.into);
      if (doing.into.kind === 'name' && locals.has(text))
        return [{ ...common, key: text, text, kind: 'local', result: text }];
      if (doing.into.kind === 'field' || doing.into.kind === 'index')
        return [{ ...common, key: `=${text}`, text, kind: 'place', result: text }];
      return [];
    }
    const text = named(doing.call.args[argumentIndex(by) ?? -1]);
    if (text === '') return [];
    const result = doing.into === null ? null : print(doing.into);
    return [{ ...common, key: `${resource}:${text}`, text, kind: 'argument', result }];
  });
}

/** How one call bears on something held: `released` by its own name, `dropped` by what may do so, `lent` to what may keep it. */
export type Bearing = 'released' | 'dropped' | 'lent' | 'none';

/** Asking about a pointer, reading through it or telling of it keeps it ours. */
const HARMLESS =
  /^(?:IS_ERR\w*|PTR_ERR\w*|ERR_PTR|(?:un)?likely|WARN\w*|BUG_ON|pr_\w+|dev_(?:err|warn|info|dbg|notice|name|emerg|alert|crit)\w*|pci_(?:err|warn|info|dbg)|printk\w*|trace_\w+|mem(?:set|cpy|cmp|move)|str\w+|sn?printf|scnprintf|mutex_init|spin_lock_init|raw_spin_lock_init|init_\w+|INIT_\w+|kref_init|sizeof|ARRAY_SIZE|copy_(?:from|to)_user|get_order|virt_to_\w+|page_address|page_to_\w+|__pa|ktime_get\w*|readl\w*|writel\w*|READ_ONCE|min|max|min_t|max_t|ERR_CAST|kvm_info|of_node_full_name|(?:dev|platform|pci|amba|i2c|spi)_set_drvdata|seq_\w+|le\d+_to_cpu|cpu_to_le\d+|clflush_cache_range|dma_mapping_error|typeof|xa_init\w*|ida_init|idr_init|lockdep_\w+)$/;

/** Names of questions. */
const ASKS =
  /(?:^|_)(?:is|has|can|get_drvdata|supports?|supported|valid|validate|match|cmp|compare|print|dump|show|equal)(?:_|$)/;

/** Takes what it is given for good, whatever it returns. */
const KEEPS =
  /^(?:list_add|hlist_add|llist_add|rb_(?:link|insert|add|replace)|xa_|idr_|radix_tree_|rcu_(?:assign|replace)|call_rcu|(?:schedule|queue)_(?:delayed_)?work|mod_delayed|fd_install|kobject_|device_(?:register|add|initialize)|container_of|to_\w+|cmpxchg|xchg|smp_store|WRITE_ONCE)/;

/** Kinds of primitives that keep nothing of what they are given. */
const ONLY_LOOKS: ReadonlySet<Primitive['kind']> = new Set([
  'lock',
  'unlock',
  'query',
  'check',
  'map',
  'unmap',
  'flush',
  'copy_user',
  'refcount',
]);

/** Gives a pointer that leads to the same thing. */
const DERIVES =
  /^(?:page_address|virt_to_\w+|phys_to_virt|page_to_\w+|container_of|to_\w+|sg_virt|dev_to_\w+|ERR_CAST)$/;

/** How a call bears on what is held. */
export function bearing(doing: Doing, held: Taken, programs: ReadonlyMap<string, Program>): Bearing {
  const { call, name } = doing;
  const known = doing.direct ? primitive(name) : null;
  const release = known?.releases ?? null;
  if (release !== null) {
    const index = argumentIndex(release.by);
    if (index !== null && same(call.args[index], held)) return 'released';
    // `put_device(&pdev->dev)`: what is counted lies in what is held.
    if (index !== null && isPart(call.args[index]) && readsPlace(named(call.args[index]), held.text)) return 'released';
    if (held.primitive.pairsWith.includes(name) && call.args.some((arg) => same(arg, held))) return 'released';
    if (held.kind !== 'local') {
      // The same kind of thing under another name may be the same thing; what another family gives back is not.
      if (release.resource === held.primitive.acquires?.resource && sameFamily(name, held.call)) return 'dropped';
      if (held.primitive.pairsWith.includes(name)) return 'dropped';
      // `kfree(x)` frees what lies in x with it, as far as this function is concerned.
      return 'none';
    }
  } else if (
    held.primitive.pairsWith.includes(name) &&
    (UNDOES.test(name) || isOwn(held.primitive)) &&
    known?.kind !== 'check'
  ) {
    if (call.args.some((arg) => same(arg, held))) return 'released';
    if (held.kind !== 'local') return 'dropped';
  }
  const given = call.args.flatMap((arg, index) => (gives(arg, held) ? [index] : []));
  if (held.kind !== 'local') {
    if (known !== null) return 'none';
    const helper = doing.direct ? programs.get(name) : undefined;
    if (helper !== undefined && whole(helper)) return undoesWithin(helper, held, programs, 0) ? 'dropped' : 'none';
    const root = rootOf(held.text);
    const touches = call.args.length === 0 || call.args.some((arg) => namesIn(arg).has(root));
    return touches && (UNDOES.test(name) || !doing.direct) ? 'dropped' : 'none';
  }
  if (given.length > 0 && DERIVES.test(name)) return 'dropped';
  if (given.length === 0 || (doing.direct && (HARMLESS.test(name) || ASKS.test(name)))) return 'none';
  if (known !== null) {
    const transferred = argumentIndex(known.transfers);
    if (KEEPS.test(name)) return transferred === null || given.includes(transferred) ? 'dropped' : 'none';
    if (transferred !== null) return given.includes(transferred) ? 'lent' : 'none';
    return ONLY_LOOKS.has(known.kind) ? 'none' : 'lent';
  }
  if (KEEPS.test(name)) return 'dropped';
  // `foo_init(&p->part)` makes a part ready.
  if (/init/i.test(name) && given.every((index) => isPart(call.args[index]))) return 'none';
  if (UNDOES.test(name)) return 'dropped';
  const helper = doing.direct ? programs.get(name) : undefined;
  if (helper !== undefined && whole(helper))
    return given.some((index) => keepsWithin(helper, index, programs, 0)) ? 'lent' : 'none';
  return 'lent';
}

function whole(program: Program): boolean {
  return program.evidence !== 'fragment' && !program.nodes.some((node) => node.kind === 'unknown');
}

function same(arg: Expression | undefined, held: Taken): boolean {
  return arg !== undefined && named(arg) === held.text;
}

/** Is the pointer itself, or the address of a part of it, among what the argument passes on? `p->field` passes what it holds. */
function gives(arg: Expression, held: Taken): boolean {
  return held.kind === 'local' ? pointerIn(arg, held.text) : namesIn(arg).has(rootOf(held.text));
}

function isPart(arg: Expression | undefined): boolean {
  const bare = arg === undefined ? null : withoutCasts(arg);
  return bare?.kind === 'unary' && bare.operator === '&';
}

export function rootOf(text: string): string {
  return /[A-Za-z_]\w*/.exec(text)?.[0] ?? text;
}

/** Does an expression's value lead to what the variable points to: `p`, `(void *)p`, `&p->list`, `a ? p : q`, `p + 1`? */
export function pointerIn(expression: Expression, variable: string): boolean {
  const inner = withoutCasts(expression);
  switch (inner.kind) {
    case 'name':
      return inner.name === variable;
    case 'unary':
      if (inner.operator !== '&') return false;
      return namesIn(inner.operand).has(variable);
    case 'conditional':
      return pointerIn(inner.then, variable) || pointerIn(inner.otherwise, variable);
    case 'binary':
      return /^[-+|]$/.test(inner.operator) && (pointerIn(inner.left, variable) || pointerIn(inner.right, variable));
    case 'comma':
      return inner.items.some((item) => pointerIn(item, variable));
    case 'initializer':
      return inner.items.some((item) => pointerIn(item.value, variable));
    case 'assign':
      return pointerIn(inner.value, variable);
    default:
      return false;
  }
}

/** Does a value lead back to the variable's: `p`, `pfn << shift`, `make(pfn)`? What is compared, or read through it, does not. */
function valueIn(expression: Expression, variable: string): boolean {
  const inner = withoutCasts(expression);
  if (inner.kind === 'binary' && /^(?:<<|>>|[*/%&^|+-])$/.test(inner.operator))
    return valueIn(inner.left, variable) || valueIn(inner.right, variable);
  return pointerIn(inner, variable);
}

/** Does a node store the pointer somewhere, give it to the caller, or lose the variable's value? Calls are not looked at. */
export function letsOut(node: ProgramNode, variable: string): boolean {
  if (node.kind === 'return') return node.value !== null && valueIn(node.value, variable);
  if (node.kind === 'declare') return node.init !== null && pointerIn(node.init, variable);
  let out = false;
  for (const expression of expressionsOf(node))
    visit(expression, (inner) => {
      if (inner.kind === 'assign' && pointerIn(inner.value, variable)) out = true;
      if ((inner.kind === 'assign' || inner.kind === 'update') && print(withoutCasts(inner.target)) === variable)
        out = true;
    });
  return out;
}

/** Does a helper give back something of this kind, itself or through helpers of its own? */
function undoesWithin(helper: Program, held: Taken, programs: ReadonlyMap<string, Program>, depth: number): boolean {
  return helper.nodes.some((node) =>
    doings(node).some((doing) => {
      const known = doing.direct ? primitive(doing.name) : null;
      if (known?.releases?.resource === held.primitive.acquires?.resource) return true;
      if (held.primitive.pairsWith.includes(doing.name)) return true;
      if (known !== null) return false;
      const next = doing.direct ? programs.get(doing.name) : undefined;
      if (next === undefined || !whole(next)) return UNDOES.test(doing.name) || !doing.direct;
      return depth < 2 && undoesWithin(next, held, programs, depth + 1);
    }),
  );
}

/** Does a helper of known body store, free or pass on what it gets as this argument? */
function keepsWithin(helper: Program, index: number, programs: ReadonlyMap<string, Program>, depth: number): boolean {
  const parameter = helper.parameters[index];
  if (parameter === undefined) return true;
  return helper.nodes.some((node) => {
    if (letsOut(node, parameter.name)) return true;
    return doings(node).some((doing) => {
      const given = doing.call.args.flatMap((arg, i) => (pointerIn(arg, parameter.name) ? [i] : []));
      if (given.length === 0 || HARMLESS.test(doing.name)) return false;
      const known = doing.direct ? primitive(doing.name) : null;
      if (known !== null && !KEEPS.test(doing.name))
        return [known.transfers, known.releases?.by ?? null].some((by) => given.includes(argumentIndex(by) ?? -1));
      const next = doing.direct ? programs.get(doing.name) : undefined;
      if (next === undefined || !whole(next) || depth >= 2) return true;
      return given.some((i) => keepsWithin(next, i, programs, depth + 1));
    });
  });
}

/** Does the node write the variable or place that names something held, or what leads to it? */
export function overwrites(writes: readonly string[], held: Taken): boolean {
  return writes.some((place) => readsPlace(held.text, place));
}
