import { describe, expect, it } from 'vitest';
import { after, assume, decide, NO_FACTS } from '../../../src/code/facts';
import { enumeratePaths } from '../../../src/code/paths';
import type { Expression, Program } from '../../../src/code/types';
import { calleeOf, callsOf, expressionsOf, namesIn, print, printShort } from '../../../src/code/walk';
import { programOf } from './reading';

/** Calls and the returned value on each path, `!` before a branch not taken. */
function told(program: Program): string[] {
  return enumeratePaths(program).paths.map((path) =>
    path.steps
      .flatMap((step) => {
        const node = program.nodes[step.node]!;
        if (node.kind === 'return') return [`return ${node.value === null ? '' : print(node.value)}`];
        if (step.decision?.kind === 'branch')
          return [`${step.decision.taken ? '' : '!'}${expressionsOf(node).map(print).join()}`];
        if (step.decision?.kind === 'each') return [step.decision.entered ? 'enter' : 'leave'];
        if (step.decision?.kind === 'case')
          return [step.decision.value === null ? 'default' : print(step.decision.value)];
        return callsOf(node).map((call) => calleeOf(call) ?? '?');
      })
      .join(' '),
  );
}

const body = async (...lines: string[]): Promise<Program> => programOf(`int f(int a)\n{\n${lines.join('\n')}\n}`);

describe('paths', () => {
  it('takes both sides of what is not known, and one side of what is', async () => {
    expect(
      told(await body('int ret = 0;', 'if (a) ret = -EIO;', 'if (ret) goto out;', 'g();', 'out:', 'return ret;')),
    ).toEqual(['a ret return ret', '!a !ret g return ret']);
  });

  it('remembers what it decided until it may have changed', async () => {
    expect(told(await body('if (p) g();', 'if (!p) h();', 'return 0;'))).toEqual([
      'p g !!p return 0',
      '!p !p h return 0',
    ]);
    expect(told(await body('if (p->x) g();', 'if (p->x) h();', 'return 0;'))).toHaveLength(3);
    expect(told(await body('ret = g();', 'if (ret < 0) return ret;', 'if (ret) return 1;', 'return 0;'))).toEqual([
      'g ret < 0 return ret',
      'g !ret < 0 ret return 1',
      'g !ret < 0 !ret return 0',
    ]);
  });

  it('knows error pointers from others, and what an assertion rules out', async () => {
    expect(
      told(
        await body(
          'p = get();',
          'if (IS_ERR(p)) { ret = PTR_ERR(p); goto out; }',
          'ret = 0;',
          'out:',
          'if (ret < 0) h();',
          'return ret;',
        ),
      ),
    ).toEqual(['get IS_ERR(p) PTR_ERR ret < 0 h return ret', 'get !IS_ERR(p) !ret < 0 return ret']);
    expect(
      told(await body('if (IS_ERR_OR_NULL(p)) return 1;', 'if (!p) g();', 'if (IS_ERR(p)) h();', 'return 0;')),
    ).toEqual(['IS_ERR_OR_NULL(p) return 1', '!IS_ERR_OR_NULL(p) !!p !IS_ERR(p) return 0']);
    expect(told(await body('if (WARN_ON(!p)) return 1;', 'if (!p) g();', 'return 0;'))).toEqual([
      'WARN_ON(!p) return 1',
      '!WARN_ON(!p) !!p return 0',
    ]);
    expect(told(await body('\tBUG_ON(!p);', 'if (!p) g();', 'return 0;'))).toEqual(['BUG_ON !!p return 0']);
  });

  it('enters loops once, and lets loops without a test end by break alone', async () => {
    expect(told(await body('while (i < n) { g(); i++; }', 'return 0;'))).toEqual([
      'i < n g !i < n return 0',
      '!i < n return 0',
    ]);
    expect(told(await body('list_for_each_entry(p, &l, n) { if (p->x) break; g(p); }', 'return 0;'))).toEqual([
      'enter p->x return 0',
      'enter !p->x g leave return 0',
      'leave return 0',
    ]);
    expect(told(await body('for (;;) { if (g()) break; h(); }', 'return 0;'))).toEqual(['1 g() return 0']);
    expect(told(await body('again:', 'ret = g();', 'if (ret == -EAGAIN) goto again;', 'return ret;'))).toEqual([
      'g ret == -EAGAIN g !ret == -EAGAIN return ret',
      'g !ret == -EAGAIN return ret',
    ]);
  });

  it('follows every case', async () => {
    expect(told(await body('switch (a) { case A: g(); case B: h(); break; default: return 1; }', 'return 0;'))).toEqual(
      ['A g h return 0', 'B h return 0', 'default return 1'],
    );
  });

  it('says when the budget is spent, and when a path leads nowhere', async () => {
    const many = await body(...Array.from({ length: 12 }, (_, i) => `if (a${i}) g();`), 'return 0;');
    expect(enumeratePaths(many, { paths: 10, steps: 1000 })).toMatchObject({ incomplete: 'more than 10 paths' });
    expect(enumeratePaths(many, { paths: 10, steps: 1000 }).paths).toHaveLength(10);
    expect(enumeratePaths(many, { paths: 100, steps: 50 }).incomplete).toBe('more than 50 steps');
    const lost = enumeratePaths(await body('if (a) goto out;', 'return 0;'));
    expect(lost.paths.map((path) => path.exit)).toEqual(['lost', 'return']);
    expect(enumeratePaths(await programOf('void f(void)\n{\n}')).paths).toEqual([{ steps: [], exit: 'return' }]);
  });
});

describe('facts', () => {
  const conditionOf = async (text: string): Promise<Expression> =>
    expressionsOf((await body(`if (${text}) g();`)).nodes[0]!)[0]!;

  it('know zero from not zero through all its spellings', async () => {
    const facts = assume(await conditionOf('!ret'), true, NO_FACTS);
    expect(decide(await conditionOf('ret'), facts)).toBe(false);
    expect(decide(await conditionOf('ret == 0'), facts)).toBe(true);
    expect(decide(await conditionOf('unlikely(ret != NULL)'), facts)).toBe(false);
    expect(decide(await conditionOf('ret < 0'), facts)).toBe(false);
    expect(decide(await conditionOf('ret || other'), facts)).toBeNull();
    expect(decide(await conditionOf('ret && other'), facts)).toBe(false);
    expect(decide(await conditionOf('other'), facts)).toBeNull();
  });

  it('are forgotten when a name is written, its address given away, or memory changed', async () => {
    const known = assume(await conditionOf('x && d->y'), true, NO_FACTS);
    const afterText = async (text: string): Promise<(boolean | null)[]> => {
      const facts = after((await body(text)).nodes[0]!, known);
      return [decide(await conditionOf('x'), facts), decide(await conditionOf('d->y'), facts)];
    };
    expect(await afterText('z = 1;')).toEqual([true, true]);
    expect(await afterText('x = g();')).toEqual([null, null]);
    expect(await afterText('x = 0;')).toEqual([false, true]);
    expect(await afterText('d->z = 1;')).toEqual([true, null]);
    expect(await afterText('g(&x);')).toEqual([null, null]);
    expect(await afterText('x++;')).toEqual([null, true]);
  });
});

describe('walking', () => {
  it('names what an expression reads, and prints it short', async () => {
    const [condition] = expressionsOf((await body('if (f(a->b, &c[i]) > sizeof(d)) g();')).nodes[0]!);
    expect([...namesIn(condition!)]).toEqual(['a', 'c', 'i', 'd']);
    expect(printShort(condition!, 12)).toBe('f(a->b, &c[…');
  });
});
