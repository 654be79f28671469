import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { and, compare, highWord, lowWord, not, or, shiftLeft, shiftRight, wrap, xor } from '../../../src/host/integers';
import { runBody } from './support';

const two64 = 1n << 64n;
const held = (v: bigint): number => Number(BigInt.asIntN(64, v));
const word = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), fc.maxSafeInteger());

describe('64-bit arithmetic on numbers', () => {
  it('agrees with exact arithmetic for values below 2^53', () => {
    fc.assert(
      fc.property(word, word, fc.integer({ min: 0, max: 63 }), (a, b, n) => {
        expect(and(a, b)).toBe(held(BigInt(a) & BigInt(b)));
        expect(or(a, b)).toBe(held(BigInt(a) | BigInt(b)));
        expect(xor(a, b)).toBe(held(BigInt(a) ^ BigInt(b)));
        expect(not(a)).toBe(held(~BigInt(a)));
        expect(lowWord(a)).toBe(Number(BigInt.asUintN(32, BigInt(a))));
        expect(highWord(a)).toBe(Number(BigInt.asUintN(64, BigInt(a)) >> 32n));
        expect(shiftRight(a, n, false)).toBe(Number(BigInt(a) >> BigInt(n)));
        const up = BigInt.asIntN(64, BigInt(a) << BigInt(n));
        if (up > -(2n ** 53n) && up < 2n ** 53n) expect(shiftLeft(a, n)).toBe(Number(up));
        const down = BigInt.asUintN(64, BigInt(a)) >> BigInt(n);
        if (down < 2n ** 53n) expect(shiftRight(a, n, true)).toBe(Number(down));
        const left = BigInt.asUintN(64, BigInt(a));
        const right = BigInt.asUintN(64, BigInt(b));
        expect(compare(a, b, true)).toBe(left < right ? -1 : left > right ? 1 : 0);
      }),
    );
  });

  it('loses no low bit where the high word is shifted out', () => {
    // −1024 in the high word, 0x7ff in the low one: shifted by 22 the high word is gone, and a carry of the low one is left.
    const a = -1024 * 2 ** 32 + 0x7ff;
    expect(shiftLeft(a, 22)).toBe(Number(BigInt.asIntN(64, BigInt(a) << 22n)));
    const b = -(2 ** 52) - 1;
    expect(shiftRight(b, 12, true)).toBe(Number(BigInt.asUintN(64, BigInt(b)) >> 12n));
  });

  it('wraps to the width of a type', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (v) => {
        expect(wrap(v, { bits: 32, signed: false })).toBe(Number(BigInt.asUintN(32, BigInt(v))));
        expect(wrap(v, { bits: 32, signed: true })).toBe(Number(BigInt.asIntN(32, BigInt(v))));
        expect(wrap(v, { bits: 8, signed: false })).toBe(Number(BigInt.asUintN(8, BigInt(v))));
        expect(wrap(v, { bits: 16, signed: true })).toBe(Number(BigInt.asIntN(16, BigInt(v))));
      }),
    );
    expect(wrap(Number(two64), { bits: 64, signed: false })).toBe(0);
  });
});

const cases: readonly (readonly [string, string, number, string?])[] = [
  ['u32 arithmetic wraps', 'u32 a = 0xffffffff; u32 b = 2; return a + b;', 1],
  ['an overflow check on u32 sees the overflow', 'u32 a = 0xfffffff0; u32 n = 0x20; return a + n < a;', 1],
  [
    'a u64 range that ends at the top does not wrap in the check',
    'u64 a = 0xfffffffffffff000ULL; u64 n = 0x1000; return a + n - 1 < a;',
    0,
  ],
  ['a u64 range that passes the top wraps', 'u64 a = 0xfffffffffffff000ULL; u64 n = 0x2000; return a + n - 1 < a;', 1],
  ['a signed comparison stays signed', 'int a = -1; return a < 0;', 1],
  ['an int becomes unsigned beside an unsigned', 'int a = -1; unsigned b = 1; return a > b;', 1],
  ['a mask of the low bits', 'u64 addr = 0x8020040; u64 g = 0x1000; return addr & ~(g - 1);', 0x8020000],
  [
    'high and low halves of an address',
    'u64 a = 0x123456789abULL; return (upper_32_bits(a) << 4) + (lower_32_bits(a) & 0xf);',
    0x1230 + 0xb,
  ],
  [
    'the address is put together again',
    'u32 hi = 0x12; u32 lo = 0x80000040; return ((u64)hi << 32) | lo;',
    0x1280000040,
  ],
  ['a cast to u8 cuts', 'return (u8)0x1ff;', 0xff],
  ['bool holds 0 or 1', 'bool b = 4; return b;', 1],
  [
    'while, break, continue',
    'int i = 0, n = 0; while (1) { i++; if (i == 3) continue; if (i > 5) break; n += i; } return n;',
    1 + 2 + 4 + 5,
  ],
  ['do while runs once at least', 'int n = 0; do { n++; } while (n < 0); return n;', 1],
  ['nested for loops', 'int i, j, n = 0; for (i = 0; i < 3; i++) for (j = 0; j < 4; j++) n++; return n;', 12],
  [
    'switch falls through',
    'int n = 0; switch (2) { case 1: n += 1; case 2: n += 2; case 3: n += 4; break; default: n = 100; } return n;',
    6,
  ],
  [
    'goto leaves forwards and backwards',
    'int n = 0;\nagain:\n\tn++;\n\tif (n < 4)\n\t\tgoto again;\n\tgoto out;\n\tn = 100;\nout:\n\treturn n;',
    4,
  ],
  [
    'short circuits do not evaluate the right side',
    'int n = 0; if (0 && n++) return 9; if (1 || n++) return n; return 8;',
    0,
  ],
  ['conditional and comma', 'int a; a = (1, 2) ? 3 : 4; return a;', 3],
  ['++ before and after', 'int i = 1; int a = i++; int b = ++i; return a * 10 + b;', 13],
  [
    'an error pointer is negative and comes back',
    'void *p = ERR_PTR(-12); if (!IS_ERR(p)) return 1; return PTR_ERR(p);',
    -12,
  ],
  ['NULL is no error pointer', 'void *p = NULL; return IS_ERR(p) * 10 + IS_ERR_OR_NULL(p);', 1],
  [
    'min_t with a type, max, ALIGN, BIT, GENMASK',
    'return min_t(size_t, 5, 3) + max(1, 2) + ALIGN(5, 8) + BIT(4) + GENMASK(3, 0);',
    3 + 2 + 8 + 16 + 15,
  ],
  ['__ffs of a page size bitmap', 'unsigned long b = 0x40201000; return __ffs(b);', 12],
  ['a structure is copied by assignment', 'struct msi_msg a, b; a.data = 1; b = a; b.data = 2; return a.data;', 1],
  [
    'a structure is copied through pointers',
    'struct msi_msg a, b; struct msi_msg *p = &a; a.data = 7; b = *p; p->data = 8; return b.data;',
    7,
  ],
  ['a pointer to a local is written through', 'int x = 1; int *p = &x; *p = 5; return x;', 5],
  [
    'a pointer argument is written by the callee',
    'int x = 1; twice(&x, 21); return x;',
    42,
    'static void twice(int *to, int v)\n{\n\t*to = v + v;\n}',
  ],
  ['recursion', 'return fib(10);', 55, 'static int fib(int n)\n{\n\treturn n < 2 ? n : fib(n - 1) + fib(n - 2);\n}'],
  [
    'designated initialisers leave the rest zero',
    'struct pair p = { .b = 3 }; return p.a * 10 + p.b;',
    3,
    'struct pair { int a; int b; };',
  ],
  ['arrays with and without an initialiser', 'int v[3] = { 1, 2 }; v[2] = 4; return v[0] + v[1] + v[2];', 7],
  [
    'kcalloc gives zeroed elements that hold structures',
    'struct pair *p = kcalloc(4, sizeof(*p), GFP_KERNEL); p[2].b = 5; p[3].a = p[2].b; return p[3].a + p[1].b;',
    5,
    'struct pair { int a; int b; };',
  ],
  [
    'a pointer into an array moves',
    'struct pair v[3]; struct pair *p = v; v[1].a = 4; p++; return p->a + (p - v);',
    5,
    'struct pair { int a; int b; };',
  ],
  [
    'unset fields of zeroed memory are zero',
    'struct outer *o = kzalloc(sizeof(*o), GFP_KERNEL); return o->in.a + (o->next == NULL);',
    1,
    'struct inner { int a; };\nstruct outer { struct inner in; struct outer *next; };',
  ],
  [
    'container_of finds the outer structure',
    'struct outer *o = kzalloc(sizeof(*o), GFP_KERNEL); struct inner *i = &o->in; o->v = 6; return container_of(i, struct outer, in)->v;',
    6,
    'struct inner { int a; };\nstruct outer { int v; struct inner in; };',
  ],
  [
    'an operations table calls its functions',
    'const struct my_ops *ops = &the_ops; return ops->add(2, 3) + (ops->none == NULL);',
    6,
    'struct my_ops { int (*add)(int, int); int (*none)(void); };\nstatic int plus(int a, int b)\n{\n\treturn a + b;\n}\nstatic const struct my_ops the_ops = { .add = plus };',
  ],
  [
    'a callback is passed on',
    'int n = 0; visit(&n, bump); return n;',
    3,
    'static int bump(int *n)\n{\n\t*n += 3;\n\treturn 0;\n}\nstatic void visit(int *n, int (*fn)(int *))\n{\n\tfn(n);\n}',
  ],
  ['enumerators count up', 'return SECOND * 10 + FOURTH;', 15, 'enum order { FIRST, SECOND, THIRD = 4, FOURTH };'],
  ['constants built on constants', 'return WIDE;', 0x30, '#define BASE 0x10\n#define WIDE (BASE * 3)'],
  [
    'a variable of the file keeps its value',
    'count_up(); count_up(); return counter;',
    2,
    'static int counter;\nstatic void count_up(void)\n{\n\tcounter++;\n}',
  ],
  [
    'sizeof of a structure and of what a pointer points to agree',
    'struct pair *p; if (sizeof(*p) != sizeof(struct pair)) return 1;\n\treturn offsetofend(struct pair, b);',
    8,
    'struct pair { u32 a; u32 b; };',
  ],
  [
    'reference counts',
    'struct thing *t = kzalloc(sizeof(*t), GFP_KERNEL); kref_init(&t->ref); kref_get(&t->ref); kref_put(&t->ref, gone); return atomic_dec_and_test(&t->n) * 10 + kref_put(&t->ref, gone) + freed;',
    2,
    'struct thing { struct kref ref; atomic_t n; };\nstatic int freed;\nstatic void gone(struct kref *ref)\n{\n\tfreed = 1;\n}',
  ],
];

describe('C as programs use it', () => {
  for (const [title, body, wanted, around] of cases)
    it(title, async () => {
      const run = await runBody(body, around);
      expect(run.undecided).toEqual([]);
      expect(run.host.incidents).toEqual([]);
      expect(run.value).toBe(wanted);
    });
});

const LIST = `
struct entry { int v; struct list_head node; };
static LIST_HEAD(all);
static void put(int v)
{
	struct entry *e = kzalloc(sizeof(*e), GFP_KERNEL);

	e->v = v;
	list_add_tail(&e->node, &all);
}
`;

const TREE = `
struct entry { int v; struct rb_node node; };
static struct rb_root root;
static void put(int v)
{
	struct rb_node **link = &root.rb_node, *parent = NULL;
	struct entry *e = kzalloc(sizeof(*e), GFP_KERNEL), *at;

	e->v = v;
	while (*link) {
		parent = *link;
		at = rb_entry(parent, struct entry, node);
		if (v < at->v)
			link = &(*link)->rb_left;
		else
			link = &(*link)->rb_right;
	}
	rb_link_node(&e->node, parent, link);
	rb_insert_color(&e->node, &root);
}
static int digits(void)
{
	struct rb_node *n;
	int sum = 0;

	for (n = rb_first(&root); n; n = rb_next(n))
		sum = sum * 10 + rb_entry(n, struct entry, node)->v;
	return sum;
}
`;

describe('lists and trees', () => {
  const lists: readonly (readonly [string, string, number])[] = [
    [
      'walks in order',
      'int n = 0; struct entry *e; put(1); put(2); put(3); list_for_each_entry(e, &all, node) n = n * 10 + e->v; return n;',
      123,
    ],
    [
      'a break leaves the loop ready to begin anew',
      'int n = 0, i; struct entry *e; put(1); put(2); for (i = 0; i < 3; i++) list_for_each_entry(e, &all, node) { n += e->v; break; } return n;',
      3,
    ],
    [
      'loops of one list nest',
      'int n = 0; struct entry *e, *f; put(1); put(2); list_for_each_entry(e, &all, node) list_for_each_entry(f, &all, node) n += e->v * f->v; return n;',
      9,
    ],
    [
      'the safe walk may free what it stands on',
      'int n = 0; struct entry *e, *t; put(1); put(2); list_for_each_entry_safe(e, t, &all, node) { n += e->v; list_del(&e->node); kfree(e); } return n * 10 + list_empty(&all);',
      31,
    ],
    [
      'first, last, moved to the front',
      'put(1); put(2); put(3); list_move(all.prev, &all); return list_first_entry(&all, struct entry, node)->v * 10 + list_last_entry(&all, struct entry, node)->v;',
      32,
    ],
    [
      'backwards from where a walk stopped',
      'int n = 0; struct entry *e; put(1); put(2); put(3); list_for_each_entry(e, &all, node) if (e->v == 3) break; list_for_each_entry_continue_reverse(e, &all, node) n = n * 10 + e->v; return n;',
      21,
    ],
    [
      'behind a walk that ran to its end, the cursor’s link is the head',
      'int n = 0; struct entry *e, *f; put(1); put(2); f = kzalloc(sizeof(*f), GFP_KERNEL); f->v = 3; list_for_each_entry(e, &all, node) if (f->v < e->v) break; list_add_tail(&f->node, &e->node); list_for_each_entry(e, &all, node) n = n * 10 + e->v; return n;',
      123,
    ],
    [
      'a local list takes entries and is put back',
      'int n = 0; struct entry *e, *t, *top; LIST_HEAD(stack); put(1); put(2); list_for_each_entry_safe(e, t, &all, node) { list_for_each_entry_reverse(top, &stack, node) if (top->v > e->v) goto drop; list_move_tail(&e->node, &stack); continue; drop: kfree(e); } list_splice(&stack, &all); list_for_each_entry(e, &all, node) n = n * 10 + e->v; return n;',
      12,
    ],
    ['an empty list has no first entry', 'return list_first_entry_or_null(&all, struct entry, node) == NULL;', 1],
  ];
  for (const [title, body, wanted] of lists)
    it(title, async () => {
      const run = await runBody(body, LIST);
      expect(run.undecided).toEqual([]);
      expect(run.host.incidents).toEqual([]);
      expect(run.value).toBe(wanted);
    });

  it('a walk over what it freed is a use after free', async () => {
    const run = await runBody(
      'struct entry *e; put(1); put(2); list_for_each_entry(e, &all, node) kfree(e); return 0;',
      LIST,
    );
    expect(run.host.incidents.map((i) => i.kind)).toContain('use-after-free');
  });

  it('a tree gives its entries in order, before and after an erase', async () => {
    const run = await runBody(
      'struct rb_node *n; put(5); put(2); put(8); put(1); put(4); put(9); put(7); long before = digits(); n = root.rb_node; rb_erase(n, &root); return before * 1000000 + digits();',
      TREE,
    );
    expect(run.undecided).toEqual([]);
    expect(run.value).toBe(1245789 * 1000000 + 124789);
  });
});

describe('what is not known', () => {
  const asks: string[] = [];
  const chooser = (answer: boolean) => ({
    decide: (question: string) => {
      asks.push(question);
      return answer;
    },
    fail: () => null,
  });

  it('an unknown call is noted, and a test on its result is asked for once', async () => {
    asks.length = 0;
    const run = await runBody('int r = mystery(1); if (r) return 5; if (!r) return 6; return 7;', '', {
      chooser: chooser(true),
    });
    expect(run.value).toBe(5);
    expect(run.undecided).toEqual(['unknown call: mystery()']);
    expect(asks).toHaveLength(1);
  });

  it('the answer holds for every later test of the same value', async () => {
    asks.length = 0;
    const run = await runBody(
      'int r = mystery(1); if (r < 0) return 1; if (!r) return 2; if (r < 0) return 3; return 4;',
      '',
      { chooser: chooser(false) },
    );
    expect(run.value).toBe(2);
    expect(asks).toHaveLength(2);
    expect(asks[0]).toBe('r < 0');
  });

  it('a negative value is not zero', async () => {
    asks.length = 0;
    const run = await runBody('int r = mystery(1); if (r < 0) { if (r) return 1; return 2; } return 3;', '', {
      chooser: chooser(true),
    });
    expect(run.value).toBe(1);
    expect(asks).toEqual(['r < 0']);
  });

  it('an unknown call may have written what it was given the address of', async () => {
    const run = await runBody('int x = 3; mystery(&x); return x;');
    expect(run.value).toBeNull();
  });

  it('logging, assertions and barriers are no unknown calls', async () => {
    const run = await runBody(
      'pr_debug("%d", 1); dev_info(NULL, "x"); smp_mb(); WARN_ON(0); BUG_ON(0); might_sleep(); trace_map(1); return 0;',
    );
    expect(run.undecided).toEqual([]);
    expect(run.value).toBe(0);
  });

  it('a loop without an end is given up when the budget is spent', async () => {
    const run = await runBody('for (;;) ;\n\treturn 0;', '', { budget: 1000 });
    expect(run.value).toBeNull();
    expect(run.undecided.join()).toContain('budget of 1000 steps');
  });

  it('recursion without an end is given up', async () => {
    const run = await runBody('return down(1);', 'static int down(int n)\n{\n\treturn down(n + 1);\n}');
    expect(run.value).toBeNull();
    expect(run.undecided.join()).toContain('nest deeper');
  });

  it('a body of which only a part is known is not run', async () => {
    const run = await runBody('return 1;');
    const whole = run.host.set.programs.get('vfio_iommu_type1_attach_group')!;
    const set = { ...run.host.set, programs: new Map([[whole.name, { ...whole, evidence: 'fragment' as const }]]) };
    const { bench } = await import('./support');
    const result = bench(set).run('attach', 'guest-a', 'nic-vf0');
    expect(result).toEqual({ value: null, undecided: ['only a part of vfio_iommu_type1_attach_group() is known'] });
  });
});

describe('a type name in parentheses before an operand in parentheses', () => {
  it('is a cast, not a call', async () => {
    const run = await runBody('u64 a = 0x12345;\nreturn a & ~(phys_addr_t)(0x1000 - 1);');
    expect(run.value).toBe(0x12000);
    expect(run.undecided).toEqual([]);
    expect((await runBody('u64 a = 0x1ffffffffULL;\nreturn (u32)(a + 1);')).value).toBe(0);
  });
  it('leaves a call through a pointer in parentheses a call', async () => {
    const around = 'static int twice(int v)\n{\n\treturn 2 * v;\n}\n';
    expect((await runBody('int (*fn)(int) = twice;\nreturn (fn)(21);', around)).value).toBe(42);
  });
});
