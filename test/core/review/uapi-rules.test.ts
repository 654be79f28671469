import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { added } from '../code/series';
import { frontEnd } from './c';
import { hitsOf } from './hits';
import { hitsOfPatch, named } from './patch';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
/** Rule ids of the hits in a text. */
const rules = (text: string): string[] => hitsOf(front, text, ['uapi']).map((hit) => hit.split('@')[0] ?? '');
/** Rule ids in `int f(void __user *arg)` with these statements; `req` is what it fetched. */
const ioctl = (statements: string, head = '') =>
  rules(`${head}
static int f(struct vm *vm, void __user *arg)
{
	struct req req;
	int ret;

	if (copy_from_user(&req, arg, sizeof(req)))
		return -EFAULT;
${statements}
}`);

describe('raw-copy-result', () => {
  it('sees bytes returned as an error, at once or through a variable', () => {
    expect(ioctl('return copy_to_user(arg, &req, sizeof(req));')).toEqual(['raw-copy-result']);
    expect(ioctl('ret = copy_to_user(arg, &req, sizeof(req));\nif (ret)\n done(vm);\nreturn ret;')).toEqual([
      'raw-copy-result',
    ]);
  });
  it('is content with -EFAULT, and with functions that count bytes', () => {
    expect(ioctl('return copy_to_user(arg, &req, sizeof(req)) ? -EFAULT : 0;')).toEqual([]);
    expect(ioctl('ret = copy_to_user(arg, &req, sizeof(req));\nif (ret)\n return -EFAULT;\nreturn ret;')).toEqual([]);
    expect(rules('unsigned long f(void __user *a, void *b) { return copy_to_user(a, b, 8); }')).toEqual([]);
  });
});

describe('double-fetch', () => {
  const twice = (middle: string, later = '') =>
    rules(`static int f(void __user *arg, struct big *all)
{
	u32 version;

	if (copy_from_user(&version, arg, sizeof(version)))
		return -EFAULT;
${middle}
	if (copy_from_user(all, arg, size_of(version)))
		return -EFAULT;
${later}
	return use(all);
}`);
  it('sees memory fetched again after it decided something', () => {
    expect(twice('if (version > 3)\n return -EINVAL;')).toEqual(['double-fetch']);
  });
  it('is content when both are compared, when the pointer moved on, and when nothing was decided', () => {
    expect(twice('if (version > 3)\n return -EINVAL;', 'if (all->version != version)\n return -EINVAL;')).toEqual([]);
    expect(twice('if (version > 3)\n return -EINVAL;\narg += 4;')).toEqual([]);
    expect(
      rules(
        'int f(void __user *a, int *x, int *y) { if (copy_from_user(x, a, 4)) return -EFAULT; if (copy_from_user(y, a + 4, 4)) return -EFAULT; return *x + *y; }',
      ),
    ).toEqual([]);
  });
});

describe('user-range', () => {
  it('sees a sum from userspace that can wrap', () => {
    expect(
      ioctl('if (req.start + req.count > vm->max)\n return -EINVAL;\nreturn go(vm, req.start, req.count);'),
    ).toEqual(['user-range']);
  });
  it('is content with a difference, a wrap check, both bounded, or 16 bits', () => {
    expect(
      ioctl(
        'if (req.start >= vm->max || req.count > vm->max - req.start)\n return -EINVAL;\nreturn go(vm, req.start, req.count);',
      ),
    ).toEqual([]);
    expect(
      ioctl('if (req.start + req.count < req.start || req.start + req.count > vm->max)\n return -EINVAL;\nreturn 0;'),
    ).toEqual([]);
    expect(
      ioctl('if (req.start > 64 || req.count > 64 || req.start + req.count > vm->max)\n return -EINVAL;\nreturn 0;'),
    ).toEqual([]);
    expect(
      ioctl(
        'if (req.start + req.count > vm->max)\n return -EINVAL;\nreturn 0;',
        'struct req { __u16 start; __u16 count; };',
      ),
    ).toEqual([]);
  });
});

describe('unbounded-allocation', () => {
  it('sees a size from userspace that nothing bounds', () => {
    expect(ioctl('vm->buf = kvzalloc(req.size, GFP_KERNEL);\nreturn vm->buf ? 0 : -ENOMEM;')).toEqual([
      'unbounded-allocation',
    ]);
  });
  it('is content with a bound, with a helper that checks, and with a fixed size', () => {
    expect(
      ioctl('if (req.size > VM_MAX)\n return -E2BIG;\nvm->buf = kvzalloc(req.size, GFP_KERNEL);\nreturn 0;'),
    ).toEqual([]);
    expect(
      ioctl('if (!valid_req(&req))\n return -EINVAL;\nvm->buf = kvzalloc(req.size, GFP_KERNEL);\nreturn 0;'),
    ).toEqual([]);
    expect(ioctl('vm->buf = kvzalloc(sizeof(req), GFP_KERNEL);\nreturn 0;')).toEqual([]);
  });
});

describe('warn-from-user', () => {
  it('sees a warning that userspace decides', () => {
    expect(ioctl('if (WARN_ON(req.index > 3))\n return -EINVAL;\nreturn 0;')).toEqual(['warn-from-user']);
  });
  it('is content with a plain refusal, and with a warning on what the kernel did', () => {
    expect(
      ioctl('if (req.index > 3)\n return -EINVAL;\nWARN_ON(vm->count);\nWARN_ON(apply(vm, req.index));\nreturn 0;'),
    ).toEqual([]);
  });
});

describe('stack-to-user', () => {
  const give = (declaration: string, statements: string, fields = '__u32 size; __u32 flags; __u64 iova;') =>
    rules(`struct info { ${fields} };
static int f(struct vm *vm, void __user *arg)
{
	${declaration}

${statements}
	if (copy_to_user(arg, &info, sizeof(info)))
		return -EFAULT;
	return 0;
}`);
  it('sees a field never set, and a hole', () => {
    expect(give('struct info info;', 'info.size = 1;\ninfo.flags = 2;')).toEqual(['stack-to-user']);
    expect(give('struct info info;', 'info.size = 1;\ninfo.iova = 2;', '__u32 size; __u64 iova;')).toEqual([
      'stack-to-user',
    ]);
  });
  it('is content when it is cleared, filled by a helper, or wholly set', () => {
    expect(give('struct info info = {};', 'info.size = 1;')).toEqual([]);
    expect(give('struct info info;', 'memset(&info, 0, sizeof(info));\ninfo.size = 1;')).toEqual([]);
    expect(give('struct info info;', 'fill(vm, &info);')).toEqual([]);
    expect(give('struct info info;', 'info.size = 1;\ninfo.flags = 2;\ninfo.iova = 3;')).toEqual([]);
  });
});

describe('reserved-unchecked', () => {
  const HEAD = 'struct req { __u32 flags; __u32 reserved; __u64 iova; };';
  const known = 'if (req.flags)\n return -EINVAL;\n';
  it('sees a reserved field that is accepted whatever it holds', () => {
    expect(ioctl(`${known}return use(req.iova);`, HEAD)).toEqual(['reserved-unchecked']);
  });
  it('is content when it is refused', () => {
    expect(ioctl(`${known}if (req.reserved)\n return -EINVAL;\nreturn use(req.iova);`, HEAD)).toEqual([]);
  });
});

describe('wrong-errno', () => {
  it('sees a fault, no memory and an unknown ioctl under another name', () => {
    expect(rules('int f(void *a, void __user *b) { if (copy_from_user(a, b, 8)) return -EINVAL; return 0; }')).toEqual([
      'wrong-errno',
    ]);
    expect(rules('int f(struct s *s) { s->p = kzalloc(8, GFP_KERNEL); if (!s->p) return -EINVAL; return 0; }')).toEqual(
      ['wrong-errno'],
    );
    expect(
      rules(
        'static long my_ioctl(struct s *s, unsigned int cmd) { switch (cmd) { case CMD_A: return go(s); default: return -EINVAL; } }',
      ),
    ).toEqual(['wrong-errno']);
  });
  it('is content with the right ones, and with other switches', () => {
    expect(rules('int f(void *a, void __user *b) { if (copy_from_user(a, b, 8)) return -EFAULT; return 0; }')).toEqual(
      [],
    );
    expect(rules('int f(struct s *s) { s->p = kzalloc(8, GFP_KERNEL); if (!s->p) return -ENOMEM; return 0; }')).toEqual(
      [],
    );
    expect(
      rules(
        'static long my_ioctl(struct s *s, unsigned int cmd) { switch (s->mode) { case 1: return go(s); default: return -EINVAL; } }',
      ),
    ).toEqual([]);
  });
});

describe('positive-errno', () => {
  it('sees an error without its sign', () => {
    expect(rules('int f(int a) { if (a) return EINVAL; return 0; }')).toEqual(['positive-errno']);
    expect(rules('int f(int a) { int ret = 0; if (a) ret = ENOSPC; return ret; }')).toEqual(['positive-errno']);
    expect(rules('void *f(int a) { return ERR_PTR(ENOMEM); }')).toEqual(['positive-errno']);
  });
  it('is content with negative ones and with comparisons', () => {
    expect(rules('int f(int a) { if (a == EINVAL) return -EINVAL; return 0; }')).toEqual([]);
  });
});

describe('error-pointer-mix', () => {
  it('sees the error of another pointer, and the error of NULL', () => {
    expect(rules('int f(struct s *a, struct s *b) { if (IS_ERR(a)) return PTR_ERR(b); return 0; }')).toEqual([
      'error-pointer-mix',
    ]);
    expect(
      rules(
        'int f(struct s *a) { int ret = 0; if (IS_ERR_OR_NULL(a)) { ret = PTR_ERR(a); goto out; } use(a); out: return ret; }',
      ),
    ).toEqual(['error-pointer-mix']);
    expect(rules('int f(struct s *a) { if (!a) return PTR_ERR(a); return 0; }')).toEqual(['error-pointer-mix']);
    // A call that never gives NULL: the test is what is wrong, and another rule tells of it.
    const asked = (call: string): string[] =>
      hitsOf(
        front,
        `int f(struct s *s)\n{\n\tvoid *a;\n\n\ta = ${call};\n\tif (!a)\n\t\treturn PTR_ERR(a);\n\treturn use(s, a);\n}\n`,
        ['uapi', 'lifetime'],
      ).map((hit) => hit.split('@')[0] ?? '');
    expect(asked('devm_ioremap_resource(s->dev, s->res)')).toEqual(['wrong-error-test']);
    expect(asked('of_lookup(s)')).toEqual(['error-pointer-mix']);
  });
  it('is content with the error of the pointer tested', () => {
    expect(rules('int f(struct s *a) { if (IS_ERR(a)) return PTR_ERR(a); if (!a) return -ENODEV; return 0; }')).toEqual(
      [],
    );
  });
});

describe('error-lost', () => {
  it('sees a result overwritten, a failure printed and reported as success, and a test the wrong way round', () => {
    expect(rules('int f(struct s *s) { int ret; ret = a(s); ret = b(s); if (ret) return ret; return 0; }')).toEqual([
      'error-lost',
    ]);
    expect(
      rules(
        'int f(struct s *s) { if (!s->on) return -EINVAL; lock(s); if (!ready(s)) { pr_err("not ready\\n"); goto out; } s->x = 1; start(s); out: mutex_unlock(&s->lock); return 0; }',
      ),
    ).toEqual(['error-lost']);
    expect(rules('int f(struct s *s) { int ret; ret = a(s); if (!ret) return ret; return 0; }')).toEqual([
      'error-lost',
    ]);
  });
  it('is content with one that is kept, a failure that is passed on, and a warning', () => {
    expect(rules('int f(struct s *s) { int ret; ret = a(s); if (ret) return ret; ret = b(s); return ret; }')).toEqual(
      [],
    );
    expect(rules('int f(struct s *s) { int ret; ret = a(s); if (!ret) return ret; ret = b(s); return ret; }')).toEqual(
      [],
    );
    expect(
      rules(
        'int f(struct s *s) { if (!s->on) return -EINVAL; if (!ready(s)) pr_err("not ready\\n"); start(s); return 0; }',
      ),
    ).toEqual([]);
  });
});

describe('checks the wrong way round, faults and errors dropped', () => {
  it('sees argsz and flags refused the wrong way round', () => {
    expect(ioctl('if (req.argsz > sizeof(req))\n return -EINVAL;\nreturn go(&req);')).toEqual(['argsz-unchecked']);
    expect(ioctl('if (!(req.flags & ~REQ_FLAGS))\n return -EINVAL;\nreturn go(&req);')).toEqual(['flags-unchecked']);
  });
  it('sees a fault nobody looks at, and an error nobody reads', () => {
    expect(ioctl('copy_to_user(arg, &req, sizeof(req));\nreturn 0;')).toEqual(['error-lost']);
    expect(
      rules('int f(struct s *s) { int ret; ret = iommu_map(s->d, s->iova, s->pa, s->size, 3); s->on = 1; return 0; }'),
    ).toEqual(['error-lost']);
  });
  it('is content with the right way round, with a fault returned and an error read', () => {
    expect(ioctl('if (req.argsz < sizeof(req) || req.flags & ~REQ_FLAGS)\n return -EINVAL;\nreturn go(&req);')).toEqual(
      [],
    );
    expect(
      ioctl(
        'if (req.argsz > sizeof(req))\n more(vm);\nif (copy_to_user(arg, &req, sizeof(req)))\n return -EFAULT;\nreturn 0;',
      ),
    ).toEqual([]);
    expect(
      rules(
        'int f(struct s *s) { int ret; ret = iommu_map(s->d, s->iova, s->pa, s->size, 3); s->on = !ret; return 0; }',
      ),
    ).toEqual([]);
  });
});

describe('capability-chain', () => {
  const chain = (shift: string) => `int f(struct info_cap *x, void __user *arg, struct vm_info *info)
{
	struct vfio_info_cap caps = { .buf = NULL, .size = 0 };

	if (caps.size) {
${shift}
		if (copy_to_user(arg + sizeof(*info), caps.buf, caps.size))
			return -EFAULT;
	}
	return 0;
}`;
  const room = 'if (info->argsz < sizeof(*info) + caps.size)\n return 0;\n';
  it('sees offsets not shifted, shifted twice, and no look at the room', () => {
    expect(rules(chain(room))).toEqual(['capability-chain']);
    expect(rules(chain(`${room}vfio_info_cap_shift(&caps, 8);\nvfio_info_cap_shift(&caps, 8);`))).toEqual([
      'capability-chain',
    ]);
    expect(rules(chain('vfio_info_cap_shift(&caps, 8);'))).toEqual(['capability-chain']);
  });
  it('is content with one shift where there is room', () => {
    expect(rules(chain(`${room}vfio_info_cap_shift(&caps, 8);`))).toEqual([]);
  });
});

const HEADER = 'include/uapi/linux/sample.h';
const header = (text: string) => named(hitsOfPatch(front, [added(HEADER, text)]));

describe('uapi-layout and uapi-type', () => {
  it('sees a hole, an end that differs, and types that differ', () => {
    expect(header('struct win {\n\t__u32 argsz;\n\t__u64 iova;\n};')).toEqual(['uapi-layout@5']);
    expect(header('struct win {\n\t__u64 iova;\n\t__u32 argsz;\n};')).toEqual(['uapi-layout@5']);
    expect(header('struct win {\n\tunsigned long iova;\n\tenum kind kind;\n\tvoid *data;\n};')).toEqual([
      'uapi-type@4',
      'uapi-type@5',
      'uapi-type@6',
    ]);
  });
  it('says nothing of padding that stood there before under other types', () => {
    const device = 'struct win {\n\t__le64 iova;\n\t__le32 argsz;\n};';
    const retyped = `diff ${HEADER}\n@@ -1,4 +1,4 @@\n struct win {\n-\t__le64 iova;\n-\t__le32 argsz;\n+\t__u64 iova;\n+\t__u32 argsz;\n };`;
    expect(named(hitsOfPatch(front, [added(HEADER, device)]))).toEqual([]);
    expect(named(hitsOfPatch(front, [added(HEADER, device), retyped]))).toEqual([]);
    expect(named(hitsOfPatch(front, [retyped.replace(/^-.*\n/gm, '').replace('-1,4', '-1,2')]))).toEqual([
      'uapi-layout@5',
    ]);
  });
  it('is content with explicit padding, unions, packed structures, arrays and headers of the kernel', () => {
    expect(
      header(
        'struct win {\n\t__u32 argsz;\n\t__u32 flags;\n\tunion {\n\t\t__u64 iova;\n\t\t__u8 raw[8];\n\t};\n\t__u8 data[];\n};',
      ),
    ).toEqual([]);
    expect(header('struct win {\n\t__u32 argsz;\n\t__u64 iova;\n} __attribute__((packed));')).toEqual([]);
    expect(
      named(
        hitsOfPatch(front, [
          added('include/linux/sample.h', 'struct win {\n\t__u32 argsz;\n\t__u64 iova;\n\tvoid *p;\n};'),
        ]),
      ),
    ).toEqual([]);
  });
});

describe('uapi-grown', () => {
  const grow = (lines: string, section = 'struct win {') =>
    named(hitsOfPatch(front, [`diff ${HEADER}\n@@ -10,3 +10,4 @@ ${section}\n${lines}`]));
  it('sees a member and an enumerator put in front of others', () => {
    expect(grow(' \t__u32 argsz;\n+\t__u32 version;\n \t__u32 flags;\n \t__u64 iova;')).toEqual(['uapi-grown@4']);
    expect(grow(' \tKIND_A,\n+\tKIND_B,\n \tKIND_C,\n \tKIND_D,', 'enum kind {')).toEqual(['uapi-grown@4']);
  });
  it('is content with the end, with a sentinel, and with a structure of the series', () => {
    expect(grow(' \t__u32 flags;\n \t__u64 iova;\n+\t__u64 size;\n };')).toEqual([]);
    expect(grow(' \tKIND_A,\n+\tKIND_B,\n \tKIND_MAX,\n \tKIND_X = 9,', 'enum kind {')).toEqual([]);
    const first = added(HEADER, 'struct win {\n\t__u32 argsz;\n\t__u32 flags;\n};');
    expect(
      named(
        hitsOfPatch(front, [
          first,
          `diff ${HEADER}\n@@ -1,4 +1,5 @@\n struct win {\n \t__u32 argsz;\n+\t__u32 version;\n \t__u32 flags;\n };`,
        ]),
      ),
    ).toEqual([]);
  });
  it('tells once that one member goes in front of others in several structures', () => {
    const both = (other: string): string[] =>
      named(
        hitsOfPatch(front, [
          `diff ${HEADER}\n@@ -10,3 +10,4 @@ struct win {\n+\t__u32 argsz;\n \t__u32 version;\n \t__u64 iova;\n };\n@@ -30,3 +31,4 @@ struct door {\n+\t${other};\n \t__u32 version;\n \t__u64 page;\n };`,
        ]),
      );
    expect(both('__u32 argsz')).toEqual(['uapi-grown@3']);
    expect(both('__u32 flags')).toHaveLength(2);
  });
  it('sees the least size raised to a new member', () => {
    const patch = `diff ${HEADER}
@@ -1,4 +1,5 @@
 struct win {
 	__u32 argsz;
 	__u32 flags;
+	__u64 iova;
 };
diff drivers/vfio/sample.c
@@ -5,3 +5,3 @@ static long f(void)
 	struct win win;
-	minsz = offsetofend(struct win, flags);
+	minsz = offsetofend(struct win, iova);
 	go(minsz);`;
    expect(named(hitsOfPatch(front, [patch]))).toEqual(['uapi-grown@12']);
    expect(named(hitsOfPatch(front, [patch.replace(', flags)', ', iova)')]))).toEqual([]);
    const first = added(HEADER, 'struct win {\n\t__u32 argsz;\n\t__u32 flags;\n};');
    expect(named(hitsOfPatch(front, [first, patch]))).toEqual([]);
  });
});

describe('number-conflict', () => {
  it('sees an ioctl, a flag and a region type taken twice', () => {
    expect(
      header('#define VM_IOMMU_A _IO(VM_TYPE, VM_BASE + 17)\n#define VM_IOMMU_B _IO(VM_TYPE, VM_BASE + 17)'),
    ).toEqual(['number-conflict@4']);
    expect(header('#define VM_MAP_FLAG_READ (1 << 0)\n#define VM_MAP_FLAG_WRITE (1 << 0)')).toEqual([
      'number-conflict@4',
    ]);
    expect(header('#define VFIO_REGION_TYPE_SAMPLE (2)')).toEqual(['number-conflict@3']);
  });
  it('is content with numbers of their own, other families, aliases of limits, and numbers not taken yet', () => {
    expect(
      header(
        '#define VM_IOMMU_A _IO(VM_TYPE, VM_BASE + 17)\n#define VM_DEVICE_A _IO(VM_TYPE, VM_BASE + 17)\n#define VM_MAP_FLAG_READ (1 << 0)\n#define VM_MAP_FLAG_WRITE (1 << 1)\n#define VM_MAP_FLAG_MASK (3)',
      ),
    ).toEqual([]);
    expect(
      named(hitsOfPatch(front, [added(HEADER, '#define VFIO_REGION_TYPE_SAMPLE (2)')], Date.UTC(2017, 0, 1))),
    ).toEqual([]);
  });
});

describe('foreign-callback', () => {
  const own = (name: string) => `static int ${name}(struct d *d) { return work(d); }`;
  const tables = (callback: string, more = '') =>
    named(
      hitsOfPatch(front, [
        added(
          'drivers/vfio/sample.c',
          [
            own('fault_rw'),
            own('fault_mmap'),
            own('fault_release'),
            'static int fault_add_capability(struct d *d) { return add(d, REGION_CAP_FAULT); }',
            own('fault_answer_rw'),
            own('fault_answer_mmap'),
            own('fault_answer_release'),
            more,
            'static const struct regops fault_regops = { .rw = fault_rw, .mmap = fault_mmap, .release = fault_release, .add_capability = fault_add_capability };',
            `static const struct regops fault_answer_regops = { .rw = fault_answer_rw, .mmap = fault_answer_mmap, .release = fault_answer_release, .add_capability = ${callback} };`,
          ].join('\n'),
        ),
      ]),
    );
  it('sees the callback of another table, by its own one left out or by what it speaks of', () => {
    expect(tables('fault_add_capability', own('fault_answer_add_capability'))).toEqual(['foreign-callback@12']);
    expect(tables('fault_add_capability')).toEqual(['foreign-callback@12']);
  });
  it('is content with its own, and with a shared one that names nobody', () => {
    expect(tables('fault_answer_add_capability', own('fault_answer_add_capability'))).toEqual([]);
    expect(tables('fault_release')).toEqual([]);
  });
});
