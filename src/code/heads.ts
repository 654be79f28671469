/**
 * Does a function's head as a patch shows it agree with the one in sight? In: lines. Out: yes or no. A design's function of the same name
 * that takes other things is called in another way than the patched one: its hunks cannot simply be laid over it.
 */

/** Types of the parameters, without names, qualifiers and blanks; null where the lines show no whole head of the function. */
export function headTypes(lines: readonly string[], name: string): readonly string[] | null {
  const start = lines.findIndex((line) => /^[A-Za-z_]/.test(line) && new RegExp(`\\b${name}\\s*\\(`).test(line));
  if (start < 0) return null;
  const text = lines.slice(start, start + 12).join(' ');
  const open = text.indexOf('(', text.search(new RegExp(`\\b${name}\\s*\\(`)));
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')' && --depth === 0)
      return text
        .slice(open + 1, at)
        .split(',')
        .map(typeOf);
    if (text[at] === ';' || text[at] === '{') return null;
  }
  return null;
}

function typeOf(parameter: string): string {
  const bare = parameter.replace(/\b(?:const|volatile|register|__user|__iomem|__maybe_unused)\b/g, ' ').trim();
  const words = bare
    .replace(/\*/g, ' * ')
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length > 1 && words.at(-1) !== '*') words.pop();
  return words.join(' ');
}

/** False only where both heads are in sight and ask for parameters of other kinds: another number of them, or other structures. */
export function headsAgree(shown: readonly string[], known: readonly string[], name: string): boolean {
  const one = headTypes(shown, name);
  const other = headTypes(known, name);
  if (one === null || other === null) return true;
  if (one.length !== other.length) return false;
  const structOf = (type: string): string | null => /\bstruct (\w+)/.exec(type)?.[1] ?? null;
  return one.every((type, i) => {
    const theirs = other[i] ?? '';
    return structOf(type) === null || structOf(theirs) === null || structOf(type) === structOf(theirs);
  });
}
