/**
 * Programs are read many times, by every rule and on every way through them. What a pure function gave for a node, an
 * expression or a program is kept here as long as that object lives.
 */
export function remembered<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before.value;
    const value = compute(key);
    known.set(key, { value });
    return value;
  };
}
