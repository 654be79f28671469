import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';
import { hitsOf } from './hits';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const said = (head: string, ...statements: string[]): string[] =>
  hitsOf(front, `${head}\n{\n${statements.join('\n')}\n}`, ['lifetime', 'context', 'uapi', 'arith']);

describe('what is not held is not lost', () => {
  const open = (...test: string[]): string[] =>
    said('int f(int fd)', 'struct fd f = fdget(fd);', 'int ret;', ...test, 'ret = g();', 'fdput(f);', 'return ret;');
  it('a descriptor without a file has nothing to put', () => {
    expect(open('if (!f.file)', 'return -EBADF;')).toEqual([]);
    expect(open('if (!fd_file(f))', 'return -EBADF;')).toEqual([]);
    expect(open('if (fd_empty(f))', 'return -EBADF;')).toEqual([]);
    expect(open('if (!f.file)', 'return -EBADF;', 'if (f.file->private_data)', 'return -EBUSY;')).toEqual([
      'leak-on-exit@8',
    ]);
  });

  it('what a file leads to takes it to the caller', () => {
    const context = (value: string): string[] =>
      said('void *f(int fd)', 'struct file *filp = fget(fd);', 'if (!filp)', 'return NULL;', `return ${value};`);
    expect(context('filp->private_data')).toEqual([]);
    expect(context('make()')).toEqual(['leak-on-exit@6']);
  });

  it('a value computed from it takes it to the caller', () => {
    const computed = (value: string): string[] =>
      said(
        'dma_addr_t f(struct iova_domain *iovad, unsigned long n)',
        'unsigned long pfn = alloc_iova_fast(iovad, n, 1, true);',
        `return ${value};`,
      );
    expect(computed('pfn << iovad->shift')).toEqual([]);
    expect(computed('(dma_addr_t)pfn * PAGE_SIZE')).toEqual([]);
    expect(computed('pfn != 0')).toEqual(['leak-on-exit@4']);
  });

  it('a symbol is put by its name', () => {
    const used = (...end: string[]): string[] =>
      said(
        'int f(struct file *file)',
        'void (*fn)(struct file *) = symbol_get(vfio_file_set);',
        'if (!fn)',
        'return -ENOENT;',
        'if (!file) {',
        ...end,
        'return -EINVAL;',
        '}',
        'fn(file);',
        'symbol_put(vfio_file_set);',
        'return 0;',
      );
    expect(used('symbol_put(vfio_file_set);')).toEqual([]);
    expect(used('g();')).toEqual(['leak-on-exit@8']);
  });

  it('a private interrupt of a vcpu is always there', () => {
    const get = (vcpu: string): string[] =>
      said(
        'void f(struct kvm_vcpu *vcpu, u32 id)',
        `struct vgic_irq *irq = vgic_get_irq(vcpu->kvm, ${vcpu}, id);`,
        'irq->enabled = true;',
        'vgic_put_irq(vcpu->kvm, irq);',
      );
    expect(get('vcpu')).toEqual([]);
    expect(get('NULL')).toEqual(['unchecked-pointer@4']);
  });
});

describe('a structure of any version', () => {
  const fetched = (...then: string[]): string[] =>
    said(
      'int f(struct arg __user *user)',
      'struct arg arg;',
      'u32 size;',
      'if (get_user(size, &user->size))',
      'return -EFAULT;',
      'if (size < MIN_SIZE)',
      'return -EINVAL;',
      'if (copy_struct_from_user(&arg, sizeof(arg), &user->size, size))',
      'return -EFAULT;',
      ...then,
      'return 0;',
    ).filter((hit) => hit.startsWith('double-fetch'));
  it('is fetched by the size it says first', () => {
    expect(fetched('g(&arg);')).toEqual([]);
    expect(fetched('g(arg.size);')).toEqual(['double-fetch@9']);
  });
});

describe('guards', () => {
  it('are released at every way out', () => {
    expect(
      said('int f(struct s *s)', 'guard(mutex)(&s->lock);', 'if (!s->n)', 'return -EINVAL;', 's->n--;', 'return 0;'),
    ).toEqual([]);
  });
});

describe('a hunk laid over a condensed body', () => {
  it('says nothing of the order of its lines and those of the body', () => {
    const unit = read(front, 'void f(struct s *s)\n{\nkfree(s);\ng(s->id);\n}');
    const program = unit.programs.get('f');
    if (program === undefined) throw new Error('f() was not read');
    const hits = (from: 'mail' | 'body'): string[] => {
      const nodes = program.nodes.map((node) =>
        from === 'body' && node.kind === 'do' && node.expression.kind === 'call' && node.at.kind === 'message'
          ? {
              ...node,
              expression: { ...node.expression, at: { kind: 'design', file: 'a.c', line: node.at.line } as const },
            }
          : node,
      );
      return pathHits({ ...program, nodes, evidence: 'spliced' }, () => null, unit).map((hit) => hit.rule.id);
    };
    expect(hits('mail')).toEqual(['use-after-free']);
    expect(hits('body')).toEqual([]);
  });
  it('says nothing of a lock that only the body takes: the kernel may take it by a guard', () => {
    const unit = read(
      front,
      'int f(struct s *s)\n{\nmutex_lock(&s->lock);\nif (s->dead)\nreturn -EIO;\nmutex_unlock(&s->lock);\nreturn 0;\n}',
    );
    const program = unit.programs.get('f');
    if (program === undefined) throw new Error('f() was not read');
    const design = (line: number) => ({ kind: 'design', file: 'a.c', line }) as const;
    const hits = (...fromBody: number[]): string[] => {
      const nodes = program.nodes.map((node) => {
        if (node.at.kind !== 'message' || !fromBody.includes(node.at.line) || node.kind !== 'do') return node;
        const at = design(node.at.line);
        return {
          ...node,
          at,
          expression: node.expression.kind === 'call' ? { ...node.expression, at } : node.expression,
        };
      });
      return pathHits({ ...program, nodes, evidence: 'spliced' }, () => null, unit).map((hit) => hit.rule.id);
    };
    expect(hits()).toEqual(['lock-held-at-exit']);
    // A line of the mail shows that it is given back by hand.
    expect(hits(3)).toEqual(['lock-held-at-exit']);
    expect(hits(3, 6)).toEqual([]);
  });
});

describe('a value compared with itself', () => {
  it('in a narrower type asks whether it fits', () => {
    expect(said('int f(u64 size)', 'if (size != (u32)size)', 'return -EINVAL;', 'return 0;')).toEqual([]);
    expect(said('int f(u64 size)', 'if (size != size)', 'return -EINVAL;', 'return 0;')).toEqual(['same-operands@3']);
  });
});

describe('a lookup in what takes back what another function set up', () => {
  const f = (name: string, take: string): string[] =>
    hitsOf(
      front,
      `void ${name}(struct device *dev)\n{\n\t${take}\n\n\tmutex_lock(&p->mutex);\n\ttake_back(p);\n\tmutex_unlock(&p->mutex);\n\tgive_back(p);\n}\n`,
      ['lifetime'],
    ).filter((hit) => hit.startsWith('unchecked-pointer'));
  const group = 'struct iommu_group *p = iommu_group_get(dev);';
  it('finds what the setup found, and an allocation may fail there as anywhere', () => {
    expect(f('door_attach', group)).toHaveLength(1);
    expect(f('door_detach', group)).toEqual([]);
    expect(f('door_detach', 'struct door *p = kzalloc(8, GFP_KERNEL);')).toHaveLength(1);
  });
});

describe('a lookup that a helper made before', () => {
  const f = (asked: string, none = 'return false;') =>
    hitsOf(
      front,
      `static bool door_alone(struct device *d)
{
	struct iommu_group *group = iommu_group_get(d);
	int count;

	if (!group)
		${none}
	count = count_of(group);
	iommu_group_put(group);
	return count == 1;
}
void door_attach(struct device *dev, struct device *other)
{
	struct iommu_group *group;

	${asked}
	group = iommu_group_get(dev);
	mutex_lock(&group->mutex);
	attach(group);
	mutex_unlock(&group->mutex);
	iommu_group_put(group);
}
`,
      ['lifetime'],
    ).filter((hit) => hit.startsWith('unchecked-pointer'));
  it('finds the same again on the way on which the helper said yes', () => {
    expect(f('if (!door_alone(dev))\n\t\treturn;')).toEqual([]);
  });
  it('tells nothing on the other way, of another device, nor where the helper says yes without it', () => {
    expect(f('')).toHaveLength(1);
    expect(f('if (door_alone(dev))\n\t\treturn;')).toHaveLength(1);
    expect(f('if (!door_alone(other))\n\t\treturn;')).toHaveLength(1);
    expect(f('if (!door_alone(dev))\n\t\treturn;', 'return true;')).toHaveLength(1);
  });
});
