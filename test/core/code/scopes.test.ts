import { describe, expect, it } from 'vitest';
import { enumeratePaths } from '../../../src/code/paths';
import { callsOf, print } from '../../../src/code/walk';
import { dump, programOf } from './reading';

const body = async (...lines: string[]): Promise<string[]> =>
  dump(await programOf(`int f(struct x *x)\n{\n${lines.map((line) => `\t${line}`).join('\n')}\n}`));

/** The calls and returns of each path. */
async function paths(...lines: string[]): Promise<string[]> {
  const program = await programOf(`int f(struct x *x)\n{\n${lines.map((line) => `\t${line}`).join('\n')}\n}`);
  return enumeratePaths(program).paths.map((path) =>
    path.steps
      .flatMap(({ node: index }) => {
        const node = program.nodes[index]!;
        const calls = node.kind === 'branch' ? [] : callsOf(node).map(print);
        return node.kind === 'return' ? [...calls, `return ${node.value === null ? '' : print(node.value)}`] : calls;
      })
      .join(', '),
  );
}

describe('guards', () => {
  it('release at every exit what they took', async () => {
    expect(
      await body('guard(mutex)(&x->lock);', 'if (x->gone)', '\treturn -ENODEV;', 'x->count++;', 'return 0;'),
    ).toEqual([
      '0 mutex_lock(&x->lock)',
      '1 if (x->gone) → 2 : 4',
      '2 mutex_unlock(&x->lock)',
      '3 return -ENODEV',
      '4 x->count++',
      '5 mutex_unlock(&x->lock)',
      '6 return 0',
    ]);
  });

  it('hold while a value is computed that the function returns', async () => {
    expect(await body('guard(spinlock_irqsave)(&x->lock);', 'return g(x);')).toEqual([
      '0 spin_lock_irqsave(&x->lock, __guard_flags)',
      '1 __returned_value = g(x)',
      '2 spin_unlock_irqrestore(&x->lock, __guard_flags)',
      '3 return __returned_value',
    ]);
  });

  it('end with their block, with a break, with a goto out of it', async () => {
    expect(
      await paths(
        'for (i = 0; i < 3; i++) {',
        '\tguard(rcu)();',
        '\tif (a(i))',
        '\t\tbreak;',
        '\tif (b(i))',
        '\t\tgoto out;',
        '}',
        'c();',
        'out:',
        'return 0;',
      ),
    ).toEqual([
      'rcu_read_lock(), rcu_read_unlock(), c(), return 0',
      'rcu_read_lock(), rcu_read_unlock(), return 0',
      'rcu_read_lock(), rcu_read_unlock(), c(), return 0',
      'c(), return 0',
    ]);
  });

  it('stay with a goto within their scope', async () => {
    expect(
      await paths('guard(mutex)(&x->lock);', 'if (a())', '\tgoto out;', 'b();', 'out:', 'c();', 'return 0;'),
    ).toEqual([
      'mutex_lock(&x->lock), c(), mutex_unlock(&x->lock), return 0',
      'mutex_lock(&x->lock), b(), c(), mutex_unlock(&x->lock), return 0',
    ]);
  });

  it('hold over the statement they are written for', async () => {
    expect(
      await body('scoped_guard(rwsem_write, &x->sem) {', '\tif (a())', '\t\treturn 1;', '\tb();', '}', 'return 0;'),
    ).toEqual([
      '0 down_write(&x->sem)',
      '1 if (a()) → 2 : 4',
      '2 up_write(&x->sem)',
      '3 return 1',
      '4 b()',
      '5 up_write(&x->sem)',
      '6 return 0',
    ]);
    expect(await body('scoped_guard(mutex, &x->lock)', '\tb();', 'return 0;')).toEqual([
      '0 mutex_lock(&x->lock)',
      '1 b()',
      '2 mutex_unlock(&x->lock)',
      '3 return 0',
    ]);
  });

  it('nest, and are undone last first', async () => {
    expect(await paths('guard(mutex)(&a);', 'guard(mutex)(&b);', 'return 0;')).toEqual([
      'mutex_lock(&a), mutex_lock(&b), mutex_unlock(&b), mutex_unlock(&a), return 0',
    ]);
  });

  it('of a class nobody knows are calls nobody knows', async () => {
    expect(await paths('guard(door)(x);', 'return 0;')).toEqual([
      'class_door_constructor(x), class_door_destructor(x), return 0',
    ]);
  });
});

describe('variables that clean up', () => {
  it('are given back where they hold something', async () => {
    expect(
      await paths(
        'struct y *y __free(kfree) = kzalloc(8, GFP_KERNEL);',
        'if (!y)',
        '\treturn -ENOMEM;',
        'fill(y);',
        'return 0;',
      ),
    ).toEqual(['kzalloc(8, GFP_KERNEL), return -ENOMEM', 'kzalloc(8, GFP_KERNEL), fill(y), kfree(y), return 0']);
  });

  it('are not given back as an error pointer', async () => {
    expect(
      await paths(
        'struct y *y __free(put_y) = get_y(x);',
        'if (IS_ERR(y))',
        '\treturn PTR_ERR(y);',
        'use(y);',
        'return 0;',
      ),
    ).toEqual(['get_y(x), PTR_ERR(y), return PTR_ERR(y)', 'get_y(x), use(y), put_y(y), return 0']);
    expect(
      await paths(
        'struct y *y __free(put_y) = NULL;',
        'if (x->a) {',
        '\ty = get_y(x);',
        '\tif (IS_ERR(y))',
        '\t\treturn PTR_ERR(y);',
        '}',
        'if (x->b)',
        '\tx->y = no_free_ptr(y);',
        'return 0;',
      ),
    ).toEqual([
      'get_y(x), PTR_ERR(y), return PTR_ERR(y)',
      'get_y(x), return 0',
      'get_y(x), put_y(y), return 0',
      'return 0',
      'return 0',
    ]);
  });

  it('are not given back once they are handed on', async () => {
    const start = ['struct y *y __free(kfree) = kzalloc(8, GFP_KERNEL);', 'if (!y)', '\treturn NULL;'];
    const lost = 'kzalloc(8, GFP_KERNEL), return NULL';
    expect(await paths(...start, 'return no_free_ptr(y);')).toEqual([lost, 'kzalloc(8, GFP_KERNEL), return y']);
    expect(await paths(...start, 'return_ptr(y);')).toEqual([lost, 'kzalloc(8, GFP_KERNEL), return y']);
    expect(await paths(...start, 'x->y = no_free_ptr(y);', 'return x;')).toEqual([
      lost,
      'kzalloc(8, GFP_KERNEL), return x',
    ]);
  });

  it('of a class are made and given back by what the class names', async () => {
    expect(await paths('CLASS(fd, f)(x->fd);', 'if (fd_empty(f))', '\treturn -EBADF;', 'return 0;')).toContain(
      'fdget(x->fd), fdput(f), return 0',
    );
  });
});

describe('what C evaluates on one side only', () => {
  it('stands behind a branch where it does something', async () => {
    expect(await body('if (x->a && take(x))', '\treturn 1;', 'return 0;')).toEqual([
      '0 if (x->a) → 1 : 3',
      '1 if (take(x)) → 2 : 3',
      '2 return 1',
      '3 return 0',
    ]);
    expect(await body('if (!(x->a || take(x)))', '\treturn 1;', 'return 0;')).toEqual([
      '0 if (x->a) → 3 : 1',
      '1 if (take(x)) → 3 : 2',
      '2 return 1',
      '3 return 0',
    ]);
    expect(await body('while (x->a && (x = next(x)))', '\tg();', 'return 0;')).toEqual([
      '0 loop (x->a) → 1 : 4',
      '1 x = next(x)',
      '2 loop (x) → 3 : 4',
      '3 g() → 0',
      '4 return 0',
    ]);
  });

  it('stays whole where it only asks', async () => {
    expect(await body('if (x->a && (x->b || IS_ERR(x->c)) && list_empty(&x->l))', '\treturn 1;', 'return 0;')).toEqual([
      '0 if (x->a && (x->b || IS_ERR(x->c)) && list_empty(&x->l)) → 1 : 2',
      '1 return 1',
      '2 return 0',
    ]);
  });

  it('is a branch in values and statements too', async () => {
    expect(await body('x = a ? take(x) : NULL;', 'return a ? g() : h();')).toEqual([
      '0 if (a) → 1 : 2',
      '1 x = take(x) → 3',
      '2 x = NULL',
      '3 if (a) → 4 : 5',
      '4 return g()',
      '5 return h()',
    ]);
    expect(await body('a && g();', 'struct y *y = a ? take(x) : NULL;', 'return a ? 1 : 2;')).toEqual([
      '0 if (a) → 1 : 2',
      '1 g()',
      '2 struct y * y',
      '3 if (a) → 4 : 5',
      '4 y = take(x) → 6',
      '5 y = NULL',
      '6 return a ? 1 : 2',
    ]);
  });

  it('assigns before it is asked', async () => {
    expect(await body('if ((ret = g()) < 0)', '\treturn ret;', 'if (!(p = h()))', '\treturn 1;', 'return 0;')).toEqual([
      '0 ret = g()',
      '1 if (ret < 0) → 2 : 3',
      '2 return ret',
      '3 p = h()',
      '4 if (!p) → 5 : 6',
      '5 return 1',
      '6 return 0',
    ]);
  });
});

describe('what does not come back', () => {
  it('ends the path', async () => {
    const program = await programOf('int f(int a)\n{\n\tif (a)\n\t\tBUG();\n\treturn 0;\n}');
    expect(enumeratePaths(program).paths.map((path) => path.exit)).toEqual(['lost', 'return']);
  });
});
