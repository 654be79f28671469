import { describe, expect, it } from 'vitest';
import { enumeratePaths } from '../../../src/code/paths';
import type { Program } from '../../../src/code/types';
import { callsOf, print } from '../../../src/code/walk';
import { at, dump, parse, programOf } from './reading';

const body = async (...lines: string[]): Promise<string[]> =>
  dump(await programOf(`int f(int a)\n{\n${lines.map((line) => `\t${line}`).join('\n')}\n}`));

describe('statements', () => {
  it('lowers a straight line and an early return', async () => {
    expect(await body('int ret, n = 2, *p;', 'if (!a)', '\treturn -EINVAL;', 'ret = g(a, n);', 'return ret;')).toEqual([
      '0 int ret',
      '1 int n = 2',
      '2 int * p',
      '3 if (!a) → 4 : 5',
      '4 return -EINVAL',
      '5 ret = g(a, n)',
      '6 return ret',
    ]);
  });

  it('returns at the closing brace when nothing else does', async () => {
    expect(await body('g();')).toEqual(['0 g()', '1 return']);
    expect((await programOf('void f(void)\n{\n}')).entry).toBe(-1);
  });

  it('keeps short-circuit conditions and ternaries as expressions', async () => {
    expect(await body('if (a && (b || !c))', '\td = a ? b : c;', 'else if (e)', '\tg();', 'else', '\th();')).toEqual([
      '0 if (a && (b || !c)) → 1 : 2',
      '1 d = a ? b : c → 5',
      '2 if (e) → 3 : 4',
      '3 g() → 5',
      '4 h()',
      '5 return',
    ]);
  });

  it('lowers for, while and do with break and continue', async () => {
    expect(
      await body(
        'for (i = 0, j = 1; i < n; i++) {',
        '\tif (x)',
        '\t\tcontinue;',
        '\tif (y)',
        '\t\tbreak;',
        '\tg();',
        '}',
      ),
    ).toEqual([
      '0 i = 0',
      '1 j = 1',
      '2 loop (i < n) → 4 : 7',
      '3 i++ → 2',
      '4 if (x) → 3 : 5',
      '5 if (y) → 7 : 6',
      '6 g() → 3',
      '7 return',
    ]);
    expect(await body('while (a--)', '\tg();', 'do {', '\tif (x)', '\t\tcontinue;', '\th();', '} while (b);')).toEqual([
      '0 loop (a--) → 1 : 2',
      '1 g() → 0',
      '2 if (x) → 4 : 3',
      '3 h()',
      '4 loop (b) → 2 : 5',
      '5 return',
    ]);
    expect(await body('for (;;)', '\tif (g())', '\t\tbreak;', 'h();')).toEqual([
      '0 loop (1) → 1 : 2',
      '1 if (g()) → 2 : 0',
      '2 h()',
      '3 return',
    ]);
  });

  it('lowers gotos forwards and backwards', async () => {
    expect(
      await body(
        'again:',
        'ret = g();',
        'if (ret == -EAGAIN)',
        '\tgoto again;',
        'if (ret)',
        '\tgoto out;',
        'h();',
        'out:',
        'return ret;',
      ),
    ).toEqual(['0 ret = g()', '1 if (ret == -EAGAIN) → 0 : 2', '2 if (ret) → 4 : 3', '3 h()', '4 return ret']);
  });

  it('says so when a label is not in sight or a loop has no way out', async () => {
    expect(await body('if (a)', '\tgoto nowhere;', 'return 0;')).toEqual([
      '0 if (a) → 2 : 1',
      '1 return 0',
      '2 unknown «goto nowhere: the label is not in sight» → -1',
    ]);
    expect(await body('self:', 'goto self;')).toEqual(['0 unknown «a loop without an end» → -1']);
  });

  it('lowers a switch with fallthrough, default and ranges', async () => {
    expect(
      await body(
        'switch (cap) {',
        'case A:',
        '\tg();',
        '\tfallthrough;',
        'case B ... D:',
        '\th();',
        '\tbreak;',
        'default:',
        '\treturn false;',
        '}',
        'return true;',
      ),
    ).toEqual([
      '0 switch (cap) A → 1, B ... D → 2, default → 3',
      '1 g()',
      '2 h() → 4',
      '3 return false',
      '4 return true',
    ]);
    expect(await body('switch (a) {', 'case 1:', 'case 2:', '\treturn 1;', '}', 'return 0;')).toEqual([
      '0 switch (a) 1 → 1, 2 → 1, default → 2',
      '1 return 1',
      '2 return 0',
    ]);
  });

  it('lowers the loop macros, and leaves functions of such names alone', async () => {
    expect(
      await body(
        'list_for_each_entry(g, &d->list, next) {',
        '\tif (g->x)',
        '\t\tbreak;',
        '\tuse(g);',
        '}',
        'ret = iommu_group_for_each_dev(group, &c, cb);',
        'for_each_item()',
        '\tg();',
      ),
    ).toEqual([
      '0 each list_for_each_entry(g, &d->list, next) → 1 : 3',
      '1 if (g->x) → 3 : 2',
      '2 use(g) → 0',
      '3 ret = iommu_group_for_each_dev(group, &c, cb)',
      '4 each for_each_item() → 5 : 6',
      '5 g() → 4',
      '6 return',
    ]);
  });

  it('takes the first arm of a preprocessor conditional that cuts statements, and the second of #if 0', async () => {
    expect(await body('#if 0', 'x();', '#else', 'y();', '#endif')).toEqual(['0 y()', '1 return']);
    expect(await body('#ifdef CONFIG_A', 'if (a) {', '#else', 'if (b) {', '#endif', '\tg();', '}')).toEqual([
      '0 if (a) → 1 : 2',
      '1 g()',
      '2 return',
    ]);
  });

  it('keeps what it does not understand as unknown', async () => {
    expect(await body('asm volatile("nop");', 'g();')).toEqual([
      '0 unknown «asm volatile("nop")»',
      '1 g()',
      '2 return',
    ]);
  });
});

describe('expressions', () => {
  it('reads types as arguments, casts, sizeof, containers', async () => {
    expect(
      await body(
        'p = container_of(d, struct foo, dom);',
        'n = min_t(unsigned long, a, sizeof(*p));',
        'q = (u8 __iomem *)p + sizeof(struct bar);',
        'm = offsetof(struct bar, x);',
      ),
    ).toEqual([
      '0 p = container_of(d, struct foo, dom)',
      '1 n = min_t(unsigned long, a, sizeof(*p))',
      '2 q = (u8 *)p + sizeof(struct bar)',
      '3 m = offsetof(struct bar, x)',
      '4 return',
    ]);
  });

  it('reads literals', async () => {
    const program = await programOf(
      'int f(void)\n{\n\tg(0x10UL, 017, \'a\', \'\\n\', "x" "y", true, NULL, a[2].b->c, -1, 1ULL << 3);\n}',
    );
    const call = callsOf(program.nodes[0]!)[0]!;
    expect(call.args.slice(0, 7)).toEqual([
      { kind: 'number', value: 16, text: '0x10UL' },
      { kind: 'number', value: 15, text: '017' },
      { kind: 'number', value: 97, text: "'a'" },
      { kind: 'number', value: 10, text: "'\\n'" },
      { kind: 'string', value: 'xy' },
      { kind: 'number', value: 1, text: 'true' },
      { kind: 'number', value: 0, text: 'NULL' },
    ]);
    expect(call.args.slice(7).map(print)).toEqual(['a[2].b->c', '-1', '1ULL << 3']);
  });

  it('reads calls through pointers, inner calls first', async () => {
    const program = await programOf('int f(void)\n{\n\treturn d->ops->map(d, g(h()), (*cb)(1));\n}');
    expect(callsOf(program.nodes[0]!).map((call) => print(call.target))).toEqual(['h', 'g', '*cb', 'd->ops->map']);
  });

  it('prints what it read with the parentheses that are needed', async () => {
    expect(
      await body(
        'x = (a + b) * c - (d - e);',
        'y = *p++ & ~(a | b);',
        'z = !(a == b) && (c, d);',
        'w = (struct s){ .a = 1, [2] = b };',
      ),
    ).toEqual([
      '0 x = (a + b) * c - (d - e)',
      '1 y = *p++ & ~(a | b)',
      '2 z = !(a == b) && (c, d)',
      '3 w = (struct s){ .a = 1, [2] = b }',
      '4 return',
    ]);
  });

  it('steps the place, and negates what it was', async () => {
    const [first] = (await programOf('int f(struct s *s)\n{\n\treturn !s->users++ && !!n-- && -x++;\n}')).nodes;
    expect(print(first?.kind === 'return' && first.value ? first.value : { kind: 'number', value: 0, text: '' })).toBe(
      '!s->users++ && ! !n-- && -x++',
    );
  });
});

describe('places', () => {
  it('are exact, across lines too', async () => {
    const program = await programOf(
      'static int f(struct d *d,\n\t     size_t n)\n{\n\tret = iommu_map(d, iova,\n\t\t\tn, prot);\n\treturn 0;\n}',
    );
    expect(at(program.at)).toBe('1:1-2:16');
    expect(at(program.end)).toBe('7:1-7:2');
    const node = program.nodes[0]!;
    expect(at(node.at)).toBe('4:2-5:12');
    expect(at(callsOf(node)[0]!.at)).toBe('4:8-5:12');
    expect(at(program.parameters[1]!.at)).toBe('2:7-2:15');
    expect(program.nodes[1]!.at).toMatchObject({ kind: 'message', message: 0, added: true });
  });
});

describe('declarations', () => {
  it('reads heads: return type, static, parameters, annotations', async () => {
    const program = await programOf(
      'static __always_inline const struct foo __must_check *f(void __user *p, int (*cb)(int), char b[4], ...) __acquires(x)\n{\n\treturn NULL;\n}',
    );
    expect(program).toMatchObject({
      name: 'f',
      static: true,
      evidence: 'full',
      source: 'patch',
      file: 'drivers/iommu/a.c',
    });
    expect(program.returns).toBe('const struct foo *');
    expect(program.parameters.map((one) => `${one.type} ${one.name}`)).toEqual(['void * p', 'int (*)() cb', 'char b']);
  });

  it('keeps the cleanup attribute of a variable in its type', async () => {
    expect((await body('struct foo *p __free(kfree) = g();'))[0]).toBe('0 struct foo * __free(kfree) p = g()');
  });

  it('reads tables, structures, constants, enumerators and variables', async () => {
    const unit = await parse(
      [
        '#define BASE 0x8000000UL',
        '#define SIZE (2 * PAGE) /* two */',
        '#define TWICE(x) ((x) * 2)',
        '#define FLAG',
        'enum cap { A, B = 4, C, D = X, E };',
        'struct dom {',
        '\tstruct list_head next;',
        '\tunion {',
        '\t\tint a;',
        '\t\tstruct { u64 b; } in;',
        '\t};',
        '\tint (*cb)(struct dom *d);',
        '\tu8 name[16];',
        '};',
        'static const struct iommu_ops my_ops = {',
        '\t.capable = my_capable,',
        '\t.pgsize_bitmap = SZ_4K | SZ_2M,',
        '};',
        'static DEFINE_MUTEX(lock);',
        'static bool allow = true, deny;',
        'MODULE_LICENSE("GPL");',
      ].join('\n'),
    );
    expect(unit.constants.map((one) => `${one.name} = ${print(one.value)}`)).toEqual([
      'A = 0',
      'B = 4',
      'C = 5',
      'D = X',
      'E = X + 1',
      'BASE = 0x8000000UL',
      'SIZE = 2 * PAGE',
    ]);
    expect(at(unit.constants[5]!.at)).toBe('1:1-1:25');
    expect(unit.structures.map((one) => [one.name, one.fields.map((field) => `${field.type} ${field.name}`)])).toEqual([
      ['dom', ['struct list_head next', 'int a', 'struct in', 'u64 in.b', 'int (*)() cb', 'u8 [] name']],
    ]);
    expect(unit.tables.map((one) => `${one.type} ${one.name} = ${print(one.init)}`)).toEqual([
      'const struct iommu_ops my_ops = { .capable = my_capable, .pgsize_bitmap = SZ_4K | SZ_2M }',
    ]);
    expect(unit.globals.map((one) => `${one.variable.type} ${one.variable.name}`)).toEqual([
      'bool allow',
      'bool deny',
      'struct mutex lock',
    ]);
    expect(unit.clean).toBe(true);
  });

  it('prefers the function to its stub when both arms define it', async () => {
    const unit = await parse(
      '#ifndef CONFIG_A\nstatic inline int f(void) { return -ENODEV; }\n#else\nint f(void)\n{\n\tint ret = g();\n\n\treturn ret;\n}\n#endif',
    );
    expect(unit.programs.map(dump)).toEqual([['0 int ret = g()', '1 return ret']]);
  });
});

describe('preprocessor conditions within a function', () => {
  const f = (...lines: string[]): Promise<Program> => programOf(`int f(int a)\n{\n${lines.join('\n')}\n}`);

  it('are branches, each arm of which is seen', async () => {
    expect(dump(await f('\tg();', '#ifdef CONFIG_A', '\th();', '#else', '\ti();', '#endif', '\treturn 0;'))).toEqual([
      '0 g()',
      '1 if (CONFIG_A) → 2 : 3',
      '2 h() → 4',
      '3 i()',
      '4 return 0',
    ]);
    expect(
      dump(
        await f('#if !defined(CONFIG_A)', '\tg();', '#elif IS_ENABLED(CONFIG_B)', '\th();', '#endif', '\treturn 0;'),
      ),
    ).toEqual(['0 if (!CONFIG_A) → 1 : 2', '1 g() → 4', '2 if (CONFIG_B) → 3 : 4', '3 h()', '4 return 0']);
    expect(dump(await f('#ifndef A', '\tif (a)', '\t\tg();', '#endif', '\treturn 0;'))).toEqual([
      '0 if (!A) → 1 : 3',
      '1 if (a) → 2 : 3',
      '2 g()',
      '3 return 0',
    ]);
  });

  it('take the same side each time', async () => {
    const program = await f(
      '#ifdef CONFIG_A',
      '\tlock();',
      '#endif',
      '\tg();',
      '#ifdef CONFIG_A',
      '\tunlock();',
      '#endif',
      '\treturn 0;',
    );
    expect(enumeratePaths(program).paths).toHaveLength(2);
  });

  it('leave the first arm where an arm is no block of its own', async () => {
    expect(dump(await f('#ifdef A', '\tint b = 1;', '#else', '\tint b = 2;', '#endif', '\treturn b;'))).toEqual([
      '0 int b = 1',
      '1 return b',
    ]);
    expect(dump(await f('\tif (a)', '#ifdef A', '\t\tg();', '#else', '\t\th();', '#endif', '\treturn 0;'))).toEqual([
      '0 if (a) → 1 : 2',
      '1 g()',
      '2 return 0',
    ]);
    expect(dump(await f('#ifdef A', '\tif (a)', '\t\tg();', '\telse', '#endif', '\t\th();', '\treturn 0;'))).toEqual([
      '0 if (a) → 1 : 2',
      '1 g() → 3',
      '2 h()',
      '3 return 0',
    ]);
    expect(dump(await f('#if 0', '\tg();', '#else', '\th();', '#endif', '\treturn 0;'))).toEqual([
      '0 h()',
      '1 return 0',
    ]);
  });
});
