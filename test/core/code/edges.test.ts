import { describe, expect, it } from 'vitest';
import { mendEdges } from '../../../src/code/edges';
import { repair } from '../../../src/code/repair';
import { sectionItem, topLevel } from '../../../src/code/top-level';

/** The prefix when there is one, the mended lines without their blanks at the end, and the suffix. */
const mended = (...lines: string[]): string[] => {
  const result = mendEdges(lines);
  const prefix = result.prefix === '' ? [] : [result.prefix];
  return [...prefix, ...result.lines.map((line) => line.trimEnd()), result.suffix];
};

const IF = 'if (__unseen_lines__)';

describe('edges of a cut piece', () => {
  it('drops the rest of a statement begun out of sight, and what is not ended in sight', () => {
    expect(mended('\t\t  size, prot);', '\tif (ret)', '\t\treturn ret;', '\tret = g(a,')).toEqual([
      '',
      '\tif (ret)',
      '\t\treturn ret;',
      '',
      ';',
    ]);
    expect(mended('\t    b->c : -EINVAL;', '\tg();')).toEqual(['', '\tg();', ';']);
    expect(mended('\t    && b) {', '\t\tg();', '\t}')).toEqual([IF, '           {', '\t\tg();', '\t}', ';']);
    expect(mended('\t    && b)', '\t\tg();', '\th();')).toEqual([IF, '', '\t\tg();', '\th();', ';']);
  });

  it('opens what began out of sight, on a condition nobody knows', () => {
    expect(mended('\t\tg();', '\t} else {', '\t\th();', '\t}', '}')).toEqual([
      `${IF} { ${IF} {`,
      '\t\tg();',
      '\t} else {',
      '\t\th();',
      '\t}',
      '}',
      ';',
    ]);
    expect(mended('\t\tg();', '\t} while (a);', '\th();')).toEqual([
      'do {',
      '\t\tg();',
      '\t} while (a);',
      '\th();',
      ';',
    ]);
    expect(mended('\t\tg();', '\telse', '\t\th();')).toEqual([IF, '\t\tg();', '\telse', '\t\th();', ';']);
    expect(mended('\t\tbreak;', '\tcase A:', '\t\tg();', '\t}', '\th();')).toEqual([
      'switch (__unseen_lines__) { case __unseen_lines__:',
      '\t\tbreak;',
      '\tcase A:',
      '\t\tg();',
      '\t}',
      '\th();',
      ';',
    ]);
  });

  it('takes a jump that stands deeper than what follows for one that hangs on a condition', () => {
    expect(mended('\t\treturn -ENOMEM;', '', '\tg();')).toEqual([IF, '\t\treturn -ENOMEM;', '', '\tg();', ';']);
    expect(mended('\t\tgoto out;', '\tg();')).toEqual([IF, '\t\tgoto out;', '\tg();', ';']);
    expect(mended('\treturn 0;', '\tg();')).toEqual(['\treturn 0;', '\tg();', ';']);
    expect(mended('\t\treturn 0;', '\t}', '\tg();')).toEqual([`${IF} {`, '\t\treturn 0;', '\t}', '\tg();', ';']);
    expect(mended('\t\tbreak;', '\tcase A:', '\t\tg();')).not.toContain(IF);
  });

  it('closes what is open', () => {
    expect(mended('\tif (a) {', '\t\tdo {', '\t\t\tg();')).toEqual([
      '\tif (a) {',
      '\t\tdo {',
      '\t\t\tg();',
      '; ;} while (__unseen_lines__); ;}',
    ]);
    expect(mended('\telse if (a)', '\t\tg();')).toEqual([`${IF} ;`, '\telse if (a)', '\t\tg();', ';']);
  });

  it('drops the rest of a comment', () => {
    expect(mended(' * of a comment } {', ' */', '\tg();')).toEqual(['', '', '\tg();', ';']);
    expect(mended('\tg();', '\t/* begun', '\t * here }')).toEqual(
      ['\tg();', '\t', '\t'].map((line) => line.trimEnd()).concat(';'),
    );
  });
});

describe('repairs', () => {
  const repaired = (text: string): string => repair(text).text.replace(/ +/g, ' ').trim();

  it('blank annotations, comments and macros at file scope', () => {
    expect(repaired('static int __init f(void __iomem *p __maybe_unused) __acquires(&l) /* so */;')).toBe(
      'static int f(void *p ) ;',
    );
    expect(repaired('EXPORT_SYMBOL_GPL(f);\nint a;')).toBe('int a;');
  });

  it('turn loop macros into loops, and remember which', () => {
    const result = repair('\tlist_for_each_entry(a, &b, c)\n\t\tg(a);\n\tx = for_each_thing(a, b);');
    expect(result.text).toBe('\twhile              (a, &b, c)\n\t\tg(a);\n\tx = for_each_thing(a, b);');
    expect([...result.loops]).toEqual([[1, 'list_for_each_entry']]);
  });

  it('choose arms of conditionals by what they hold', () => {
    expect(repaired('#ifdef A\nint f(void);\n#else\nstatic int f(void) { return 0; }\n#endif')).toBe(
      'int f(void);\n \nstatic int f(void) { return 0; }',
    );
    expect(repaired('#ifdef A\nint f(int a)\n#else\nint f(long a)\n#endif\n{ }')).toBe('int f(int a)\n \n \n \n{ }');
  });
});

describe('items at file scope', () => {
  it('are told apart by layout, cut ones too', () => {
    const lines = [
      '\tcut();',
      'out:',
      '\treturn 0;',
      '}',
      '',
      'static struct foo *',
      'f(struct bar *b)',
      '{',
      '}',
      'struct s {',
      '\tint a;',
      '};',
      'static const struct ops o[] = {',
      '\t.a = f,',
    ];
    expect(
      topLevel(lines, false).map((item) => [item.kind, item.name, item.first, item.last, item.started, item.ended]),
    ).toEqual([
      ['other', null, 0, 3, false, true],
      ['function', 'f', 5, 8, true, true],
      ['type', 's', 9, 11, true, true],
      ['table', 'o', 12, 13, true, false],
    ]);
  });

  it('are named by sections, which may be cut', () => {
    expect(sectionItem('static int foo(struct bar *b,')).toEqual({ kind: 'function', name: 'foo' });
    expect(sectionItem('struct vfio_domain {')).toEqual({ kind: 'type', name: 'vfio_domain' });
    expect(sectionItem('static struct iommu_ops arm_smmu_ops = {')).toEqual({ kind: 'table', name: 'arm_smmu_ops' });
    expect(sectionItem('out_unlock:')).toEqual({ kind: 'other', name: null });
  });
});
