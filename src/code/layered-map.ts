/**
 * A map over another one, whose own values are made when they are first asked for: what a whole file defines is read only as far
 * as somebody looks at it.
 */

/** Names with what makes their value; null: it could not be made, and the map below is asked. */
export type Makers<V> = ReadonlyMap<string, () => V | null>;

export class LayeredMap<V> implements ReadonlyMap<string, V> {
  private readonly made = new Map<string, V | null>();
  private names: Makers<V> | null = null;

  /** `own` is called once, at the first question. */
  constructor(
    private readonly below: ReadonlyMap<string, V>,
    private readonly own: () => Makers<V>,
  ) {}

  private makers(): Makers<V> {
    this.names ??= this.own();
    return this.names;
  }

  private ownValue(name: string): V | null {
    const known = this.made.get(name);
    if (known !== undefined) return known;
    const value = this.makers().get(name)?.() ?? null;
    this.made.set(name, value);
    return value;
  }

  get(name: string): V | undefined {
    return this.ownValue(name) ?? this.below.get(name);
  }

  has(name: string): boolean {
    return this.below.has(name) || this.ownValue(name) !== null;
  }

  get size(): number {
    let size = 0;
    for (const _ of this.keys()) size++;
    return size;
  }

  *keys(): MapIterator<string> {
    for (const name of this.makers().keys()) if (this.has(name)) yield name;
    for (const name of this.below.keys()) if (!this.makers().has(name)) yield name;
  }

  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }

  *entries(): MapIterator<[string, V]> {
    for (const name of this.keys()) {
      const value = this.get(name);
      if (value !== undefined) yield [name, value];
    }
  }

  [Symbol.iterator](): MapIterator<[string, V]> {
    return this.entries();
  }

  forEach(see: (value: V, name: string, map: ReadonlyMap<string, V>) => void): void {
    for (const [name, value] of this.entries()) see(value, name, this);
  }
}
