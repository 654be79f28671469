import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { pathHits } from '../../../src/review/rules';
import { frontEnd, read } from './c';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});

/** `rule@line` of every hit in the text, functions in order. */
function hits(text: string): string[] {
  const unit = read(front, text);
  return [...unit.programs.values()].flatMap((program) =>
    pathHits(program, () => null, unit).map((hit) => `${hit.rule.id}@${hit.at.kind === 'message' ? hit.at.line : '?'}`),
  );
}

const WINDOW = `struct win { __u32 argsz; __u32 flags; __u64 iova; };
#define WIN_KNOWN 3
`;

describe('structures from userspace', () => {
  const ioctl = (checks: string) => `${WINDOW}static long reg(void __user *arg)
{
	struct win w;

	if (copy_from_user(&w, arg, sizeof(w)))
		return -EFAULT;
${checks}
	return use(w.iova);
}`;
  it('asks for both checks', () => {
    expect(hits(ioctl(''))).toEqual(['argsz-unchecked@7', 'flags-unchecked@7']);
  });
  it('is content with both, in one condition or in two', () => {
    expect(hits(ioctl('\tif (w.argsz < sizeof(w) || w.flags & ~WIN_KNOWN)\n\t\treturn -EINVAL;'))).toEqual([]);
    expect(hits(ioctl('\tif (w.argsz < sizeof(w))\n\t\treturn -EINVAL;\n\tif (w.flags)\n\t\treturn -EINVAL;'))).toEqual(
      [],
    );
  });
  it('does not take a test of a known bit for a refusal of the others', () => {
    expect(
      hits(ioctl('\tif (w.argsz < sizeof(w))\n\t\treturn -EINVAL;\n\tif (w.flags & WIN_KNOWN)\n\t\tfirst();')),
    ).toEqual(['flags-unchecked@7']);
  });
  it('does not ask for a check of flags that are the answer', () => {
    expect(hits(ioctl('\tif (w.argsz < sizeof(w))\n\t\treturn -EINVAL;\n\tw.flags = WIN_KNOWN;'))).toEqual([]);
  });
  it('knows the structure that an iommufd command gets, copied whole by its caller', () => {
    const command = (checks: string) => `struct iommu_win { __u32 size; __u32 flags; __aligned_u64 iova; };
int iommufd_win(struct iommufd_ucmd *ucmd)
{
	struct iommu_win *cmd = ucmd->cmd;
${checks}
	return use(cmd->iova);
}`;
    expect(hits(command(''))).toEqual(['flags-unchecked@4']);
    expect(hits(command('\tif (cmd->flags)\n\t\treturn -EOPNOTSUPP;'))).toEqual([]);
    expect(hits(command('\tif (cmd->flags & ~WIN_KNOWN)\n\t\treturn -EOPNOTSUPP;'))).toEqual([]);
    // A pointer that is not the command's own is somebody else's to check.
    expect(hits(command('').replace('ucmd->cmd', 'ucmd->object'))).toEqual([]);
  });
  it('is quiet when a helper gets the structure', () => {
    expect(hits(ioctl('\tif (check_win(&w))\n\t\treturn -EINVAL;'))).toEqual([]);
  });
});

describe('leaks', () => {
  it('sees the failing exit that keeps the object', () => {
    expect(
      hits(`static int add(struct list *l)
{
	struct item *it;
	int ret;

	it = kzalloc(sizeof(*it), GFP_KERNEL);
	if (!it)
		return -ENOMEM;
	ret = setup(l);
	if (ret)
		return ret;
	list_add(&it->node, &l->head);
	return 0;
}`),
    ).toEqual(['leak-on-exit@11']);
  });
  it('is content with a release on a shared label', () => {
    expect(
      hits(`static int add(struct list *l)
{
	struct item *it = kzalloc(sizeof(*it), GFP_KERNEL);
	int ret;

	if (!it)
		return -ENOMEM;
	ret = setup(l);
	if (ret)
		goto out;
	list_add(&it->node, &l->head);
	return 0;
out:
	kfree(it);
	return ret;
}`),
    ).toEqual([]);
  });
  it('points at the turn, not at an exit that other paths leave rightly', () => {
    expect(
      hits(`static int add(struct list *l)
{
	struct item *it;
	int ret = -EINVAL;

	if (l->full)
		goto out;
	it = kzalloc(sizeof(*it), GFP_KERNEL);
	if (!it)
		return -ENOMEM;
	ret = setup(l);
	if (ret)
		goto out;
	list_add(&it->node, &l->head);
out:
	return ret;
}`),
    ).toEqual(['leak-on-exit@12']);
  });
  it('lets an object go that an unknown function got, that was stored, or that never came', () => {
    expect(
      hits(
        'int f(struct s *s) { struct a *a = kzalloc(8, GFP_KERNEL); if (!a) return -ENOMEM; adopt(a); if (g(s)) return -EIO; return 0; }',
      ),
    ).toEqual([]);
    expect(
      hits(
        'int f(struct s *s) { struct a *a = kzalloc(8, GFP_KERNEL); if (!a) return -ENOMEM; s->a = a; if (g(s)) return -EIO; return 0; }',
      ),
    ).toEqual([]);
    expect(
      hits(
        'int f(struct s *s) { struct a *a; a = kzalloc(8, GFP_KERNEL); if (IS_ERR_OR_NULL(a)) return -ENOMEM; kfree(a); return -EIO; }',
      ),
    ).toEqual([]);
  });
});

describe('references, maps and what a call keeps', () => {
  const body = (text: string): string =>
    `static int f(struct s *s, struct device *dev)\n{\n${/\ba\b/.test(text) ? '\tstruct a *a;' : ''}\n${/\bret\b/.test(text) ? '\tint ret;' : ''}\n\n${text}\n}`;
  it('misses the release that the other failing exit makes', () => {
    const text = (first: string) =>
      body(`	ret = clk_prepare_enable(s->clk);
	if (ret)
		return ret;
	ret = first(s);
	if (ret)
		${first};
	ret = second(s);
	if (ret)
		goto off;
	return 0;
off:
	clk_disable_unprepare(s->clk);
	return ret;`);
    expect(hits(text('return ret'))).toEqual(['leak-on-exit@11']);
    expect(hits(text('goto off'))).toEqual([]);
  });
  it('keeps what a call refused, and lets go what it accepted', () => {
    const text = (call: string) =>
      body(`	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
${call}
	return 0;`);
    expect(hits(text('\tret = add(s, a);\n\tif (ret)\n\t\treturn ret;'))).toEqual(['leak-on-exit@11']);
    expect(hits(text('\tret = add(s, a);\n\tif (ret)\n\t\tgoto out;\n\treturn 0;\nout:\n\tkfree(a);'))).toEqual([]);
    expect(hits(text('\tadd(s, a);\n\tret = g(s);\n\tif (ret)\n\t\treturn ret;'))).toEqual([]);
  });
  it('learns from one way out that a call leaves the object with its caller', () => {
    expect(
      hits(
        body(`	a = kzalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	prepare(s, a);
	ret = first(s);
	if (ret)
		return ret;
	ret = second(s);
	if (ret) {
		kfree(a);
		return ret;
	}
	s->a = a;
	return 0;`),
      ),
    ).toEqual(['leak-on-exit@12']);
  });
  it('takes the put of an embedded device for a put of what holds it', () => {
    expect(
      hits(
        body(
          '\tstruct platform_device *p = of_find_device_by_node(s->np);\n\tif (!p)\n\t\treturn -ENODEV;\n\tput_device(&p->dev);\n\treturn -EIO;',
        ),
      ),
    ).toEqual([]);
  });
});

describe('locks', () => {
  it('sees a lock taken twice, and lets a retry that released it be', () => {
    const text = (before: string) => `int f(struct s *s)
{
	int ret;
again:
	mutex_lock(&s->lock);
	ret = g(s);
	if (ret == -EAGAIN) {
		${before}
		goto again;
	}
	mutex_unlock(&s->lock);
	return ret;
}`;
    expect(hits(text('first(s);'))).toEqual(['lock-taken-twice@5']);
    expect(hits(text('mutex_unlock(&s->lock);'))).toEqual([]);
  });
  it('lets a truth value tell the caller whether the lock is kept', () => {
    const text = (other: string) => `static bool first_look(struct s *s)
{
	preempt_disable();
	if (s->loaded) {
		put(s);
		return true;
	}
	preempt_enable();
	return ${other};
}`;
    expect(hits(text('false'))).toEqual([]);
    expect(hits(text('true'))).toEqual(['lock-held-at-exit@6']);
  });
  it('sees a second unlock, and a way to an unlock that took nothing', () => {
    const text = (early: string, inner: string) => `int f(struct s *s)
{
	int ret = 0;

	if (!s)
		${early};
	mutex_lock(&s->lock);
	if (s->dead) {
		ret = -EIO;
		${inner}
		goto out;
	}
	s->n++;
out:
	mutex_unlock(&s->lock);
	return ret;
}`;
    expect(hits(text('return -EINVAL', ''))).toEqual([]);
    expect(hits(text('goto out', ''))).toEqual(['unlock-not-held@5']);
    expect(hits(text('return -EINVAL', 'mutex_unlock(&s->lock);'))).toEqual(['unlock-not-held@15']);
  });
  it('is content with a lock that is dropped for a while, with a try, and with one condition for both', () => {
    expect(hits('void f(struct s *s) { mutex_unlock(&s->lock); g(s); mutex_lock(&s->lock); }')).toEqual([]);
    expect(
      hits(
        'int f(struct s *s) { if (!mutex_trylock(&s->lock)) return -EBUSY; g(s); mutex_unlock(&s->lock); return 0; }',
      ),
    ).toEqual([]);
    expect(
      hits('void f(struct s *s) { if (s->own) mutex_lock(&s->lock); g(s); if (s->own) mutex_unlock(&s->lock); }'),
    ).toEqual([]);
  });

  it('sees the exit that keeps the lock which others release', () => {
    expect(
      hits(`int f(struct s *s)
{
	mutex_lock(&s->lock);
	if (s->dead)
		return -EIO;
	s->n++;
	mutex_unlock(&s->lock);
	return 0;
}`),
    ).toEqual(['lock-held-at-exit@5']);
  });
  it('leaves functions alone that are meant to return with the lock', () => {
    expect(hits('void s_begin(struct s *s) { mutex_lock(&s->lock); s->n++; }')).toEqual([]);
  });
});

describe('before and after', () => {
  it('does not repeat what the function had before the patch', () => {
    const text =
      'int f(struct s *s)\n{\n\tmutex_lock(&s->lock);\n\tif (s->dead)\n\t\treturn -EIO;\n\tmutex_unlock(&s->lock);\n\treturn 0;\n}';
    const before = read(front, text).programs.get('f') ?? null;
    const after = read(front, text.replace('return 0', 'return 1')).programs.get('f');
    expect(after && pathHits(after, () => before, read(front, text))).toEqual([]);
    expect(after && pathHits(after, () => null, read(front, text)).map((hit) => hit.rule.id)).toEqual([
      'lock-held-at-exit',
    ]);
  });
});
