import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const said = (text: string, rule: string): string[] =>
  hitsOf(front, text, ['lifetime']).filter((hit) => hit.startsWith(rule));

describe('a function given as an argument', () => {
  const pool = (test: string, given: string): string[] =>
    said(
      `static int take(struct pool *pool, bool (*fits)(int n))\n{\n${test}\nreturn -EINVAL;\nreturn pool->n;\n}\nint f(struct pool *pool)\n{\nreturn take(pool, ${given});\n}`,
      'null-arg',
    );
  it('is tested when a caller leaves it out', () => {
    expect(pool('if (!fits(pool->n))', 'NULL')).toEqual(['null-argument@3']);
    expect(pool('if (fits && !fits(pool->n))', 'NULL')).toEqual([]);
    expect(pool('if (!fits(pool->n))', 'fits_low')).toEqual([]);
  });
});

describe('what a helper gives back when it fails', () => {
  const both = (helper: string, caller: string): string[] =>
    said(
      `static int setup(struct dev *dev)\n{\nint ret = open_it(dev);\nif (ret)\n${helper}\nreturn 0;\n}\nint f(struct dev *dev)\n{\nint ret = setup(dev);\nif (ret) {\n${caller}\nreturn ret;\n}\nuse_it(dev);\nvdev_put(dev);\nreturn 0;\n}`,
      'put-twice',
    );
  it('is not given back again', () => {
    expect(both('goto err;\nreturn 0;\nerr:\nvdev_put(dev);\nreturn ret;', 'vdev_put(dev);')).toEqual(['put-twice@16']);
    expect(both('return ret;', 'vdev_put(dev);')).toEqual([]);
    expect(both('goto err;\nreturn 0;\nerr:\nvdev_put(dev);\nreturn ret;', 'tell(dev);')).toEqual([]);
  });
});

describe('a result that may tell of either', () => {
  const enable = (release: string): string =>
    `int f(struct v *v, int n)\n{\nint ret;\nv->ctx = kzalloc(8, GFP_KERNEL);\nif (!v->ctx)\nreturn -ENOMEM;\nret = start(v, n);\nif (ret < n) {\n${release}\nreturn ret;\n}\nv->n = n;\nreturn 0;\n}`;
  it('leaks what every such way gave back before', () => {
    const now = read(front, enable('v->n = 0;'));
    const before = read(front, enable('kfree(v->ctx);'));
    const hits = (from: typeof now, was: typeof now): string[] => {
      const program = from.programs.get('f');
      if (program === undefined) throw new Error('f() was not read');
      return pathHits(program, () => was.programs.get('f') ?? null, from).map((hit) => hit.rule.id);
    };
    expect(hits(now, before)).toEqual(['leak-on-exit']);
    expect(hits(before, now)).toEqual([]);
    expect(hits(before, before)).toEqual([]);
  });
});
