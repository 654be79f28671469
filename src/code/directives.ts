/**
 * Preprocessor lines: blanked for the parser, with what they say kept. An `#if` within a function becomes an `if`, so that each arm is
 * seen; where it cannot, and at file scope where the arms are not whole definitions, the first arm stands.
 */
import type { Patchwork } from './patchwork';

export interface Define {
  readonly name: string;
  /** Offsets of the value; empty for a flag. */
  readonly start: number;
  readonly end: number;
  /** Offset of the `#`. */
  readonly at: number;
}

interface Arm {
  readonly condition: string;
  /** Offset of its directive's line. */
  readonly from: number;
  /** Offset behind the directive, and of the next one. */
  readonly start: number;
  end: number;
}

/** Blanks every preprocessor line and the arms not taken; gives the `#define`s. */
export function directives(work: Patchwork, bare: string, configs: Map<number, string>): Define[] {
  const defines: Define[] = [];
  const open: { depth: number; arms: Arm[] }[] = [];
  let depth = 0;
  let at = 0;
  const dead = (offset: number): boolean =>
    open.some((group) => group.arms.length > 1 && group.depth > 0 && (group.arms.at(-1)?.start ?? 0) <= offset);
  while (at < bare.length) {
    let end = bare.indexOf('\n', at);
    if (end < 0) end = bare.length;
    const line = bare.slice(at, end);
    const directive = /^\s*#\s*(\w+)/.exec(line);
    if (directive === null) {
      if (line.startsWith('}')) depth = 0;
      else if (line.startsWith('{')) depth = 1;
      else if (!dead(at))
        for (let i = at; i < end; i++) {
          const unit = bare.charCodeAt(i);
          if (unit === 123) depth++;
          else if (unit === 125) depth--;
        }
      at = end + 1;
      continue;
    }
    while (/\\\s*$/.test(bare.slice(at, end)) && end < bare.length) {
      const next = bare.indexOf('\n', end + 1);
      end = next < 0 ? bare.length : next;
    }
    work.blank(at, end);
    const word = directive[1] ?? '';
    const rest = bare.slice(at + directive[0].length, end);
    if (word === 'define') {
      const define = /^\s+(\w+)(\()?/.exec(rest);
      if (define !== null && define[2] === undefined) {
        const start = at + directive[0].length + define[0].length;
        defines.push({ name: define[1] ?? '', start, end, at: at + line.indexOf('#') });
      }
    } else if (word === 'if' || word === 'ifdef' || word === 'ifndef') {
      open.push({
        depth: Math.max(depth, 0),
        arms: [{ condition: `${word} ${rest.trim()}`, from: at, start: end, end: bare.length }],
      });
    } else if (word === 'else' || word === 'elif' || word === 'elifdef') {
      const group = open.at(-1);
      if (group === undefined) {
        // The `#if` is out of sight: what stood before is its first arm.
        open.push({
          depth: 1,
          arms: [
            { condition: 'if ?', from: at, start: at, end: at },
            { condition: word, from: at, start: end, end: bare.length },
          ],
        });
      } else {
        const last = group.arms.at(-1);
        if (last !== undefined) last.end = at;
        group.arms.push({ condition: `${word} ${rest.trim()}`, from: at, start: end, end: bare.length });
      }
    } else if (word === 'endif') {
      const group = open.pop();
      const last = group?.arms.at(-1);
      if (group !== undefined && last !== undefined) {
        last.end = at;
        if (!branches(work, bare, group, end, configs)) choose(work, bare, group);
      }
    }
    at = end + 1;
  }
  for (const group of open) choose(work, bare, group);
  return defines;
}

function choose(work: Patchwork, bare: string, group: { depth: number; arms: Arm[] }): void {
  const first = group.arms[0];
  const never = first !== undefined && /^if\s+0\b/.test(first.condition);
  const whole = group.depth === 0 && group.arms.every((arm) => isWhole(bare.slice(arm.start, arm.end)));
  group.arms.forEach((arm, index) => {
    if (index === 0 ? never : !whole && !(never && index === 1)) work.blank(arm.start, arm.end);
  });
}

/** Balanced, and ending where a declaration may end. */
function isWhole(bare: string): boolean {
  let depth = 0;
  for (let i = 0; i < bare.length; i++) {
    const unit = bare.charCodeAt(i);
    if (unit === 123 || unit === 40) depth++;
    else if (unit === 125 || unit === 41) depth--;
    if (depth < 0) return false;
  }
  const kept = bare.replace(/^\s*#.*(?:\\\n.*)*$/gm, '').trim();
  return depth === 0 && (kept === '' || /[;}]$/.test(kept));
}

/** `if CONFIG_X`, `ifdef X`, `ifndef X` as one word, with `!` in front where it is turned; longer conditions as they are written. */
function configOf(condition: string): string {
  const text = condition.replace(/\\\n/g, ' ').replace(/\s+/g, ' ').trim();
  const named = /^(?:el)?ifn?def (\w+)/.exec(text);
  if (named !== null) return `${/^(?:el)?ifn/.test(text) ? '!' : ''}${named[1]}`;
  const plain = text.replace(/^(?:el)?if /, '');
  const single = /^(!?) ?(?:defined|IS_ENABLED|IS_BUILTIN|IS_REACHABLE) ?\(? ?(\w+) ?\)?$/.exec(plain);
  return single === null ? plain : `${single[1]}${single[2]}`;
}

const DECLARES =
  /^\s*(?:(?:static|const|unsigned|signed|volatile|register)\s+)*(?:(?:struct|union|enum)\s+\w+|unsigned|signed|u\d+|s\d+|__u\d+|int|long|short|char|bool|size_t|ssize_t|\w+_t|gfp_t)\s+\**\s*\w+\s*(?:[=;,[]|__\w+)/;

/** Statements that can stand in a block of their own, as they are. */
function isBlock(bare: string): boolean {
  if (!isWhole(bare)) return false;
  const text = bare.replace(/^\s*#.*(?:\\\n.*)*$/gm, '');
  if (/^\s*(?:else|while)\b/.test(text)) return false;
  let depth = 0;
  for (const line of text.split('\n')) {
    if (depth === 0 && (DECLARES.test(line) || /^\s*(?:case\b|default\s*:)/.test(line))) return false;
    for (let i = 0; i < line.length; i++) {
      const unit = line.charCodeAt(i);
      if (unit === 123 || unit === 40) depth++;
      else if (unit === 125 || unit === 41) depth--;
    }
  }
  return true;
}

/**
 * Writes the arms of an `#if` within a function as the arms of an `if`, where each is whole statements: then all of them are seen.
 * The line end behind a directive goes with it, for `#else` is shorter than what it becomes. False: nothing was written.
 */
function branches(
  work: Patchwork,
  bare: string,
  group: { readonly depth: number; readonly arms: readonly Arm[] },
  end: number,
  configs: Map<number, string>,
): boolean {
  const first = group.arms[0];
  const last = group.arms.at(-1);
  if (first === undefined || last === undefined || group.depth === 0) return false;
  if (group.arms.some((arm) => /^(?:el)?if (?:\d|\?)/.test(arm.condition) || !isBlock(bare.slice(arm.start, arm.end))))
    return false;
  if (!/[;{}:]\s*$/.test(bare.slice(Math.max(0, first.from - 400), first.from).replace(/^\s*#.*$/gm, ''))) return false;
  if (/^\s*else\b/.test(bare.slice(end, end + 200))) return false;
  const texts: { readonly from: number; readonly to: number; readonly text: string; readonly config: string | null }[] =
    [];
  for (const [index, arm] of group.arms.entries()) {
    const config = /^else/.test(arm.condition) ? null : configOf(arm.condition);
    const text = config === null ? '}else{' : index === 0 ? 'if(_){' : '}else if(_){';
    if (arm.start + 1 - arm.from < text.length || bare[arm.start] !== '\n') return false;
    texts.push({ from: arm.from, to: arm.start + 1, text, config });
  }
  for (const { from, to, text, config } of texts) {
    work.overwrite(from, to, text);
    if (config !== null) configs.set(from + text.indexOf('_'), config);
  }
  work.overwrite(last.end, end, '}');
  return true;
}
