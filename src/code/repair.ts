/**
 * Repairs before parsing: what the kernel writes and the C grammar does not know is blanked or replaced in place, so that
 * every offset stays. In: text. Out: text of the same length, and what was hidden from the parser.
 * Knows no hunks; the edges of cut text are mended in `edges.ts`.
 */

import { type Define, directives } from './directives';
import { blank, Patchwork } from './patchwork';

export type { Define } from './directives';
export { Patchwork } from './patchwork';

export interface MacroGlobal {
  readonly name: string;
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export interface Repaired {
  readonly text: string;
  /** Offset of the `while` that stands for a loop macro → the macro. */
  readonly loops: ReadonlyMap<number, string>;
  /** Offset of a name that is a structure's tag → the type as written. */
  readonly types: ReadonlyMap<number, string>;
  /** Offset of a name that stands for a preprocessor condition → the condition, with `!` in front where it is turned. */
  readonly configs: ReadonlyMap<number, string>;
  readonly defines: readonly Define[];
  readonly globals: readonly MacroGlobal[];
}

/** Comments and what stands in quotes, blanked; line ends stay. With `keepStrings`, comments only. */
export function mask(text: string, keepStrings: boolean): string {
  return text.replace(/\/\*[\s\S]*?(?:\*\/|$)|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (token) => {
    if (token.startsWith('/')) return blank(token);
    if (keepStrings) return token;
    return `${token.charAt(0)}${' '.repeat(Math.max(token.length - 2, 0))}${token.charAt(0)}`;
  });
}

/** Words that tell compiler, linker or checker something and change no behaviour we follow. */
const PLAIN_ANNOTATIONS =
  '__iomem|__user|__kernel|__rcu|__percpu|__force|__nocast|__bitwise|__private|' +
  '__init|__exit|__initdata|__initconst|__exitdata|__devinit|__devexit|__devinitdata|__cpuinit|__meminit|__ref|__refdata|__refconst|' +
  '__net_init|__net_exit|__init_or_module|__must_check|__maybe_unused|__always_unused|__used|__cold|__hot|__weak|__pure|' +
  '__attribute_const__|__read_mostly|__ro_after_init|__packed|__visible|__sched|__noreturn|__deprecated|__malloc|' +
  '__randomize_layout|__no_randomize_layout|__designated_init|__cacheline_aligned|__cacheline_aligned_in_smp|' +
  '____cacheline_aligned|____cacheline_aligned_in_smp|__page_aligned_bss|__page_aligned_data|__latent_entropy|__kprobes|' +
  '__lockfunc|__irq_entry|__always_inline|__inline|__flatten|__noclone|__nonstring|__bpf_kfunc|' +
  'noinline|noinline_for_stack|asmlinkage|notrace|noinstr';
const CALLED_ANNOTATIONS =
  '__printf|__scanf|__acquires|__releases|__must_hold|__cond_acquires|__cond_releases|__aligned|__section|__alloc_size|' +
  '__counted_by|__counted_by_le|__counted_by_be|__attribute__|__attribute|__assume_aligned|__free|__cleanup|__guarded_by|' +
  '__no_sanitize|__alias|__copy|__diagnose_as|__realloc_size';
const ANNOTATION = new RegExp(`\\b(?:(${PLAIN_ANNOTATIONS})\\b|(${CALLED_ANNOTATIONS})(\\s*)\\()`, 'g');

/** Offset behind the parenthesis that closes the one at `open`, or −1. */
export function closing(bare: string, open: number): number {
  let depth = 0;
  for (let i = open; i < bare.length; i++) {
    const unit = bare.charCodeAt(i);
    if (unit === 40) depth++;
    else if (unit === 41 && --depth === 0) return i + 1;
    else if ((unit === 123 || unit === 125) && depth > 0 && unit === 125) return -1;
  }
  return -1;
}

/** All repairs of text that is not cut. Never throws; the result has the same length. */
export function repair(text: string): Repaired {
  let code = mask(text, true);
  let bare = code.includes('"') || code.includes("'") ? mask(code, false) : code;
  const first = new Patchwork();
  const configs = new Map<number, string>();
  const defines = directives(first, bare, configs);
  code = first.result(code);
  bare = first.result(bare);
  const second = new Patchwork();
  const globals = fileScopeMacros(second, bare);
  annotations(second, bare);
  code = second.result(code);
  bare = second.result(bare);
  const loops = new Map<number, string>();
  const types = new Map<number, string>();
  const third = new Patchwork();
  loopMacros(third, bare, loops);
  // `case A ... B:` parses as a disjunction; its operator, read from the text as written, says what it is.
  for (const match of bare.matchAll(/\bcase\b[^:;{}?]*?[\w)'](\s*)\.\.\./g)) {
    const at = match.index + match[0].length - 3;
    third.overwrite(at, at + 3, '||');
  }
  // Entries of a table that a macro writes, without a comma behind them.
  for (const match of bare.matchAll(/^[ \t]+(?:SET_\w+_OPS|\w*_PM_OPS)(\()/gm)) {
    const close = closing(bare, match.index + match[0].length - 1);
    if (close > 0 && !/^\s*[,;=]/.test(bare.slice(close, close + 20))) third.blank(match.index, close);
  }
  typeArguments(third, bare, types);
  plainTypeArguments(third, bare, types);
  return { text: third.result(code), loops, types, configs, defines, globals };
}

function annotations(work: Patchwork, bare: string): void {
  for (const match of bare.matchAll(ANNOTATION)) {
    const end = match.index + match[0].length;
    if (match[1] !== undefined) work.blank(match.index, end);
    else {
      const close = closing(bare, end - 1);
      if (close > 0) work.blank(match.index, close);
    }
  }
}

const LOOP = /\b(\w*for_each\w*|scoped_guard)(\s*)\(/g;

/** `list_for_each_entry(a, b, c) …` becomes `while (a, b, c) …`; functions of such a name, called as such, stay. */
function loopMacros(work: Patchwork, bare: string, loops: Map<number, string>): void {
  for (const match of bare.matchAll(LOOP)) {
    const name = match[1] ?? '';
    const open = match.index + match[0].length - 1;
    if (name.length < 5 || !/(?:^|[;{}):])\s*$/.test(bare.slice(Math.max(0, match.index - 400), match.index))) continue;
    const close = closing(bare, open);
    if (close < 0) continue;
    const next = /\S/.exec(bare.slice(close, close + 2000));
    // What follows a loop is a statement; what follows a call is the rest of an expression.
    if (next === null || !/[\w{*(+\-&]/.test(next[0])) continue;
    if (/[*&+-]/.test(next[0]) && !bare.slice(close, close + next.index).includes('\n')) continue;
    // At file scope a head of a function looks the same: `int foo_for_each_bar(struct x *y)` and a brace in column 0.
    if (/^\s*\n\{/.test(bare.slice(close, close + 200)) && !/^[ \t]/.test(lineAround(bare, match.index))) continue;
    if (bare.slice(open + 1, close - 1).trim() === '') work.overwrite(match.index, close, 'while (1)');
    else work.overwrite(match.index, match.index + name.length, 'while');
    loops.set(match.index, name);
  }
}

function lineAround(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return text.slice(start, end < 0 ? text.length : end);
}

const NO_TYPE_ARGUMENTS =
  /^(?:sizeof|typeof|__typeof__|if|while|switch|offsetof|alignof|__alignof__|_Alignof|return|for)$/;
const TYPE_ARGUMENT = /([(,]\s*)((?:const\s+)?(?:struct|union|enum)\s+)(\w+)(\s*\**)(?=\s*[,)])/g;

/** `container_of(p, struct s, f)`: the word `struct` is blanked inside call arguments, and remembered. */
function typeArguments(work: Patchwork, bare: string, types: Map<number, string>): void {
  for (const match of bare.matchAll(TYPE_ARGUMENT)) {
    const lead = match[1] ?? '';
    const stars = (match[4] ?? '').trim();
    const callee = calleeOf(bare, match.index);
    if (
      callee === null ||
      /^(?:sizeof|typeof|__typeof__|if|while|switch|offsetof|alignof|__alignof__|_Alignof|return|for)$/.test(
        callee.name,
      )
    )
      continue;
    if (
      !callee.inBody &&
      !/^(?:container_of|list_|hlist_|rb_|sizeof_field|FIELD_SIZEOF|typeof_member|struct_)/.test(callee.name)
    )
      continue;
    const keyword = match[2] ?? '';
    const start = match.index + lead.length;
    work.blank(start, start + keyword.length);
    if (stars !== '') {
      const from = start + keyword.length + (match[3] ?? '').length;
      work.blank(from, from + (match[4] ?? '').length);
    }
    types.set(
      start + keyword.length,
      `${keyword.replace(/\s+/g, ' ')}${match[3] ?? ''}${stars === '' ? '' : ` ${stars}`}`,
    );
  }
}

const PLAIN_TYPE_ARGUMENT =
  /[(,]\s*((?:(?:const|unsigned|signed|long|short|int|char|bool|void)\s+)*(?:unsigned|signed|long|short|int|char|bool|void)\b)(\s*\**)(?=\s*[,)])/g;

/** `min_t(unsigned long, a, b)`: the type's words give way to a name of the same length. */
function plainTypeArguments(work: Patchwork, bare: string, types: Map<number, string>): void {
  for (const match of bare.matchAll(PLAIN_TYPE_ARGUMENT)) {
    const callee = calleeOf(bare, match.index);
    if (callee === null || !callee.inBody || NO_TYPE_ARGUMENTS.test(callee.name)) continue;
    const type = match[1] ?? '';
    const stars = (match[2] ?? '').trim();
    const end = match.index + match[0].length;
    const start = end - (match[2] ?? '').length - type.length;
    work.overwrite(start, end, '_'.repeat(Math.min(type.length, 8)));
    types.set(start, `${type.replace(/\s+/g, ' ')}${stars === '' ? '' : ` ${stars}`}`);
  }
}

/** The name in front of the innermost parenthesis open at `offset`, and whether its line is indented (so, within a body). */
function calleeOf(bare: string, offset: number): { name: string; inBody: boolean } | null {
  let depth = 0;
  for (let i = offset; i >= 0 && i > offset - 2000; i--) {
    const unit = bare[i];
    if (unit === ')') depth++;
    else if (unit === ';' || unit === '{' || unit === '}') return null;
    else if (unit === '(') {
      if (depth > 0) {
        depth--;
        continue;
      }
      const name = /(\w+)\s*$/.exec(bare.slice(Math.max(0, i - 80), i))?.[1];
      if (name === undefined) return null;
      const line = bare.slice(bare.lastIndexOf('\n', i) + 1, i);
      // In a body, a call follows an operator or opens the statement; a prototype's name follows a type.
      const before = line.slice(0, line.lastIndexOf(name)).trim();
      return { name, inBody: /^\s/.test(line) && !/[\w*]$/.test(before.replace(/\b(?:return|case|else|do)$/, '')) };
    }
  }
  return null;
}

const FILE_MACRO =
  /^(?:static\s+)?((?:[A-Z][A-Z0-9_]*|module_\w+|\w*_initcall\w*|early_param|__setup|late_initcall|fs_initcall|EXPORT_\w+))\s*\(/gm;

/** `EXPORT_SYMBOL_GPL(x);`, `DEFINE_MUTEX(x);` and their like at file scope: blanked; locks and lists are kept as globals. */
function fileScopeMacros(work: Patchwork, bare: string): MacroGlobal[] {
  const globals: MacroGlobal[] = [];
  for (const match of bare.matchAll(FILE_MACRO)) {
    const open = match.index + match[0].length - 1;
    const close = closing(bare, open);
    if (close < 0) continue;
    const rest = bare.slice(close, close + 300);
    if (/^\s*[{=[,\w*]/.test(rest) && /^\s*\{/.test(rest)) continue;
    const end = /^[ \t]*;/.exec(rest);
    if (end === null && !/^[ \t]*(?:\n|$)/.test(rest)) continue;
    const stop = close + (end === null ? 0 : end[0].length);
    const first = /^\s*(\w+)/.exec(bare.slice(open + 1, close))?.[1];
    const type = GLOBAL_TYPES[match[1] ?? ''];
    if (type !== undefined && first !== undefined) globals.push({ name: first, type, start: match.index, end: stop });
    work.blank(match.index, stop);
  }
  return globals;
}

const GLOBAL_TYPES: Readonly<Record<string, string>> = {
  DEFINE_MUTEX: 'struct mutex',
  DEFINE_SPINLOCK: 'spinlock_t',
  DEFINE_RAW_SPINLOCK: 'raw_spinlock_t',
  DEFINE_RWLOCK: 'rwlock_t',
  DECLARE_RWSEM: 'struct rw_semaphore',
  LIST_HEAD: 'struct list_head',
  HLIST_HEAD: 'struct hlist_head',
  DEFINE_IDA: 'struct ida',
  DEFINE_IDR: 'struct idr',
  DEFINE_XARRAY: 'struct xarray',
  DEFINE_XARRAY_ALLOC: 'struct xarray',
  DECLARE_WAIT_QUEUE_HEAD: 'wait_queue_head_t',
};
