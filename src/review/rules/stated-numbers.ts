/** Numbers as prose and as `#define`s write them. Knows no rule. */

const UNITS: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `1MB`, `64 KiB`, `2M`, in bytes; null for anything else. */
export function sizeSaid(text: string): number | null {
  const match = /^(\d+)\s*([kmgt])(?:i?b)?$/i.exec(text.trim());
  const unit = UNITS[(match?.[2] ?? '').toLowerCase()];
  return match === null || unit === undefined ? null : Number(match[1]) * unit;
}

const NAMED = /^SZ_(\d+)([KMGT]?)$/;

/** The value of a `#define`, as far as it is a number by itself: hex, decimal, `SZ_1M`, `BIT(n)`, shifts, products, sums of such. Null for anything else. */
export function numberIn(text: string): number | null {
  const tokens: readonly string[] = text.match(/0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*|[A-Za-z_]\w*|<<|[-+*/()]/g) ?? [];
  if (tokens.length === 0 || tokens.join('') !== text.replace(/\s+/g, '')) return null;
  let at = 0;
  const primary = (): number | null => {
    const token = tokens[at++];
    if (token === undefined) return null;
    if (token === '(') {
      const inner = shift();
      return tokens[at++] === ')' ? inner : null;
    }
    const named = NAMED.exec(token);
    if (named !== null) return Number(named[1]) * (UNITS[(named[2] ?? '').toLowerCase()] ?? 1);
    if (/^_?BIT(?:_?ULL|UL)?$/.test(token)) {
      if (tokens[at] !== '(') return null;
      const inner = primary();
      return inner === null ? null : 2 ** inner;
    }
    if (!/^\d/.test(token)) return null;
    const number = Number(token.replace(/[uUlL]+$/, ''));
    return Number.isNaN(number) ? null : number;
  };
  const product = (): number | null => {
    let left = primary();
    while (left !== null && (tokens[at] === '*' || tokens[at] === '/')) {
      const times = tokens[at++] === '*';
      const right = primary();
      left = right === null || (!times && right === 0) ? null : times ? left * right : left / right;
    }
    return left;
  };
  const sum = (): number | null => {
    let left = product();
    while (left !== null && (tokens[at] === '+' || tokens[at] === '-')) {
      const plus = tokens[at++] === '+';
      const right = product();
      left = right === null ? null : plus ? left + right : left - right;
    }
    return left;
  };
  function shift(): number | null {
    let left = sum();
    while (left !== null && tokens[at] === '<<') {
      at++;
      const right = sum();
      left = right === null ? null : left * 2 ** right;
    }
    return left;
  }
  const value = shift();
  return at === tokens.length ? value : null;
}
