import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { frontEnd } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const said = (text: string, rule: string): string[] =>
  hitsOf(front, text, ['lifetime']).filter((hit) => hit.startsWith(rule));
const inside = (rule: string, ...statements: string[]): string[] =>
  said(`int f(struct s *s, struct device *dev)\n{\n${statements.join('\n')}\n}`, rule);

describe('a step between two that undo the same', () => {
  const probe = (fails: string, ...more: string[]): string[] =>
    inside(
      'unwind-skipped',
      'int ret = unit_enable(s);',
      'if (ret)',
      'goto err_free;',
      'ret = unit_reset(s);',
      'if (ret)',
      fails,
      ...more,
      'ret = unit_register(s);',
      'if (ret)',
      'goto err_disable;',
      'return 0;',
      'err_disable:',
      'unit_disable(s);',
      'err_free:',
      'unit_free(s->table);',
      'return ret;',
    );
  it('does not just return', () => {
    expect(probe('return ret;')).toEqual(['unwind-skipped@8']);
    expect(probe('goto err_disable;')).toEqual([]);
    expect(probe('goto err_free;')).toEqual([]);
  });
  it('may return a result that tells of success', () => {
    expect(
      inside(
        'unwind-skipped',
        'int ret = unit_enable(s);',
        'if (ret)',
        'goto err_free;',
        'if (s->shared) {',
        'ret = unit_register(s);',
        'if (ret)',
        'goto err_note;',
        '}',
        'return ret;',
        'err_note:',
        'note(s);',
        'if (s->shared) {',
        'unit_free(s->table);',
        'return ret;',
        '}',
        'err_free:',
        'unit_free(s->table);',
        'return ret;',
      ),
    ).toEqual([]);
  });
  it('may return once nothing is left to undo', () => {
    expect(
      inside(
        'unwind-skipped',
        'int ret = unit_start(s);',
        'if (ret) {',
        'unit_free(s->table);',
        'return ret;',
        '}',
        'unit_free(s->table);',
        'ret = unit_reset(s);',
        'if (ret)',
        'return ret;',
        'return 0;',
      ),
    ).toEqual([]);
  });
  it('is no part of the undoing itself', () => {
    expect(
      inside(
        'unwind-skipped',
        'int ret = unit_enable(s);',
        'if (ret)',
        'goto err_free;',
        'ret = unit_register(s);',
        'if (ret)',
        'goto err_disable;',
        'return 0;',
        'err_disable:',
        'ret = unit_disable(s);',
        'if (WARN_ON(ret))',
        'return ret;',
        'err_free:',
        'unit_free(s->table);',
        'return ret;',
      ),
    ).toEqual([]);
  });
  it('leaves by a label out of sight like its neighbours', () => {
    const cut = (fails: string): string[] =>
      inside(
        'unwind-skipped',
        'int ret = a(s);',
        'if (ret)',
        'goto err_put;',
        'ret = b(s);',
        'if (ret)',
        fails,
        'ret = c(s);',
        'if (ret)',
        'goto err_disable;',
        'return 0;',
      );
    expect(cut('return ret;')).toEqual(['unwind-skipped@8']);
    expect(cut('goto err_put;')).toEqual([]);
  });
});

describe('what a device manages', () => {
  it('is not given back by hand', () => {
    const freed = (take: string, give: string): string[] =>
      inside('managed-freed', `char *name = ${take};`, 'if (!name)', 'return -ENOMEM;', give, 'return 0;');
    expect(freed('devm_kasprintf(dev, GFP_KERNEL, "x")', 'kfree(name);')).toEqual(['managed-freed@6']);
    expect(freed('devm_kasprintf(dev, GFP_KERNEL, "x")', 'devm_kfree(dev, name);')).toEqual([]);
    expect(freed('kasprintf(GFP_KERNEL, "x")', 'kfree(name);')).toEqual([]);
    expect(freed('devm_kzalloc(dev, 8, GFP_KERNEL)', 'name = kmalloc(8, GFP_KERNEL);\nkfree(name);')).toEqual([]);
  });
});

describe('an object that is freed', () => {
  const added = (link: string, ...fails: string[]): string[] =>
    inside(
      'freed-linked',
      'struct g *g = kzalloc(8, GFP_KERNEL);',
      'int ret;',
      'if (!g)',
      'return -ENOMEM;',
      link,
      'mutex_unlock(&s->lock);',
      'ret = pin_all(s, g);',
      'if (ret) {',
      ...fails,
      'kfree(g);',
      'return ret;',
      '}',
      'return 0;',
    );
  it('is in no list any more', () => {
    expect(added('list_add(&g->next, &s->groups);')).toEqual(['freed-linked@11']);
    expect(added('list_add(&g->next, &s->groups);', 'list_del(&g->next);')).toEqual([]);
    expect(added('list_add(&g->next, &s->groups);', 'remove_group(s, g);')).toEqual([]);
    expect(added('s->count++;')).toEqual([]);
  });
  it('was never in an array that refused it', () => {
    const stored = (test: string): string[] =>
      inside(
        'freed-linked',
        'struct g *g = kzalloc(8, GFP_KERNEL);',
        'int ret = xa_insert(&s->groups, 1, g, GFP_KERNEL);',
        test,
        'kfree(g);',
        'return ret;',
      );
    expect(stored('if (!ret)\nreturn 0;')).toEqual([]);
    expect(stored('if (ret)\nreturn ret;')).toEqual(['freed-linked@7']);
  });
});

describe('a lookup', () => {
  const tests = (name: string): string =>
    `int ${name}(struct s *s)\n{\nstruct e *e = find_entry(s, 1);\nif (!e)\nreturn -ENOENT;\nreturn e->n;\n}\n`;
  const other = tests('g') + tests('h');
  const user = (...test: string[]): string =>
    `int f(struct s *s)\n{\nstruct e *e = find_entry(s, 2);\n${test.join('\n')}\nreturn e->n;\n}`;
  it('is tested where the others test it', () => {
    expect(said(other + user('g(s);'), 'lookup')).toEqual(['lookup-untested@19']);
    expect(said(other + user('if (!e)', 'return -EINVAL;'), 'lookup')).toEqual([]);
    expect(said(other + user('if (WARN_ON(!e))', 'return -EINVAL;'), 'lookup')).toEqual([]);
    expect(said(user('g(s);'), 'lookup')).toEqual([]);
    expect(said(tests('g') + user('g(s);'), 'lookup')).toEqual([]);
  });
});
