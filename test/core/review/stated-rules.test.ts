/** What a text states against the code of its patch: each rule on a defect, and on the same patch set right. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEnd } from '../../../src/code/front-end';
import { numberIn } from '../../../src/review/rules/stated-numbers';
import { frontEnd } from './c';
import { type Files, toldOf } from './told';

let front: FrontEnd;
beforeAll(async () => {
  front = await frontEnd();
});
const C = 'drivers/iommu/sample.c';
const WORDS = 'Some words.';
const code = (text: string): Files => ({ [C]: text });
const told = (text: string, files: Files, subject?: string) => toldOf(front, text, files, subject);

describe('errno-differs', () => {
  const claim = (errno: string, doc = '-EBUSY if the group has another owner') =>
    code(`/**
 * group_claim() - Claim a group
 * @group: the group
 *
 * Return: 0, ${doc}, -ENODEV if it has no device.
 */
int group_claim(struct group *group, void *owner)
{
	if (list_empty(&group->devices))
		return -ENODEV;
	if (group->owner && group->owner != owner)
		return ${errno};
	group->owner = owner;
	return group_bind(group);
}`);
  it('finds another error on the ground that the comment names', async () => {
    expect(await told(WORDS, claim('-EPERM'))).toEqual(['errno-differs']);
    expect(await told(WORDS, claim('-EBUSY'))).toEqual([]);
    // No callee that could give what is described.
    const alone = (errno: string) =>
      code(`/**
 * take() - Take entries of a table
 *
 * Return: the first index, -ENODEV without a table, or -EBUSY if it has no room.
 */
static int take(struct table *table, int count)
{
	if (!table)
		return -ENODEV;
	return table->next + count < MAX ? table->next : ${errno};
}`);
    expect(await told(WORDS, alone('-ENOSPC'))).toEqual(['errno-differs']);
    expect(await told(WORDS, alone('-EBUSY'))).toEqual([]);
    // Another ground: the callee may give what is described.
    expect(await told(WORDS, claim('-EPERM', '-EBUSY if the hardware is in use'))).toEqual([]);
  });
  const window = (errno: string) =>
    code(`static int set_window(struct iommu *iommu, u64 size)
{
	if (iommu->window_size)
		return ${errno};
	iommu->window_size = size;
	return 0;
}`);
  it('finds another error than the message names', async () => {
    const text = 'Refuse a second one: set_window() now returns -EBUSY if iommu->window_size is set.';
    expect(await told(text, window('-EINVAL'))).toEqual(['errno-differs']);
    expect(await told(text, window('-EBUSY'))).toEqual([]);
    expect(await told('Currently set_window() returns -EBUSY, which is wrong.', window('-EINVAL'))).toEqual([]);
  });
});

describe('end-differs', () => {
  const walk = (doc: string, body: string) =>
    code(`/**
 * door_reserve() - Reserve doors
 * @start: first address
 * @end: ${doc}
 */
int door_reserve(phys_addr_t start, phys_addr_t end)
{
	${body}
}`);
  it('finds an inclusive end taken for an exclusive one, and the contrary', async () => {
    const open = 'return reserve(start, end - start);';
    const closed = 'return reserve(start, end - start + 1);';
    expect(await told(WORDS, walk('last address, inclusive', open))).toEqual(['end-differs']);
    expect(await told(WORDS, walk('last address, inclusive', closed))).toEqual([]);
    expect(await told(WORDS, walk('end of the range (exclusive)', closed))).toEqual(['end-differs']);
    expect(await told(WORDS, walk('end of the range (exclusive)', open))).toEqual([]);
    expect(await told(WORDS, walk('end of the range, not inclusive', open))).toEqual([]);
    expect(await told(WORDS, walk('last address, inclusive', 'end += 1; return reserve(start, end - start);'))).toEqual(
      [],
    );
  });
});

describe('cleanup-missing', () => {
  const map = (leave: string, end = '', doc = 'On failure the pages mapped so far are unmapped again.') =>
    code(`/**
 * door_map() - Map pages
 * @domain: the domain
 *
 * ${doc}
 */
int door_map(struct iommu_domain *domain, unsigned long iova, phys_addr_t phys, int n)
{
	int i, ret;

	for (i = 0; i < n; i++) {
		ret = iommu_map(domain, iova + i * PAGE_SIZE, phys, PAGE_SIZE, IOMMU_WRITE);
		if (ret)
			${leave}
	}
	return 0;
${end}}`);
  it('finds the unwinding that is promised and not there', async () => {
    expect(await told(WORDS, map('return ret;'))).toEqual(['cleanup-missing']);
    const end = 'undo:\n\twhile (i--)\n\t\tiommu_unmap(domain, iova + i * PAGE_SIZE, PAGE_SIZE);\n\treturn ret;\n';
    expect(await told(WORDS, map('goto undo;', end))).toEqual([]);
    const callers = 'On failure the caller must see that what was mapped is unmapped.';
    expect(await told(WORDS, map('return ret;', '', callers))).toEqual([]);
  });
});

describe('context-differs', () => {
  const counted = (doc: string, body: string) =>
    code(`/*
 * Counts pages. ${doc}
 */
static size_t pinned(struct iommu *iommu)
{
	size_t n;

${body}
	return n;
}`);
  it('finds a lock that is said to be held and taken again', async () => {
    const takes = '\tmutex_lock(&iommu->lock);\n\tn = iommu->pinned;\n\tmutex_unlock(&iommu->lock);';
    const held = '\tlockdep_assert_held(&iommu->lock);\n\tn = iommu->pinned;';
    expect(await told(WORDS, counted('Must be called with iommu->lock held.', takes))).toEqual(['context-differs']);
    expect(await told(WORDS, counted('Must be called with iommu->lock held.', held))).toEqual([]);
    expect(await told(WORDS, counted('Must be called without iommu->lock held.', takes))).toEqual([]);
    expect(await told(WORDS, counted('Must be called with group->mutex held.', takes))).toEqual([]);
    // Given up for a while.
    const drops = '\tmutex_unlock(&iommu->lock);\n\tn = slow(iommu);\n\tmutex_lock(&iommu->lock);';
    expect(await told(WORDS, counted('Must be called with iommu->lock held.', drops))).toEqual([]);
  });
  it('finds an allocation that sleeps where atomic context is allowed', async () => {
    const takes = (flags: string) => `\tn = record(kzalloc(8, ${flags}));`;
    const doc = 'May be called from atomic context.';
    expect(await told(WORDS, counted(doc, takes('GFP_KERNEL')))).toEqual(['context-differs']);
    expect(await told(WORDS, counted(doc, takes('GFP_ATOMIC')))).toEqual([]);
    expect(await told(WORDS, counted('Must not be called from atomic context.', takes('GFP_KERNEL')))).toEqual([]);
  });
});

describe('value-differs', () => {
  const defines = (length: string, note = '') =>
    code(`#define MSI_IOVA_BASE 0x8000000\n#define MSI_IOVA_LENGTH ${length}${note}\n`);
  it('finds a size that the message gives otherwise', async () => {
    const text = 'The window starts at 0x8000000 and MSI_IOVA_LENGTH is 1MB.';
    expect(await told(text, defines('0x200000'))).toEqual(['value-differs']);
    expect(await told(text, defines('SZ_1M'))).toEqual([]);
    expect(await told('A window of 1MB is reported.', defines('(1 << 21)'))).toEqual(['value-differs']);
    expect(await told('Before, the window was 2MB.', defines('SZ_1M'))).toEqual([]);
    expect(await told('The MSI window lies at 0x9000000.', defines('SZ_1M'))).toEqual(['value-differs']);
  });
  it('does not take what is said of a constant that the patch only shows for another', async () => {
    const beside = (shown: string) =>
      code(` #define DOORBELL_BASE ${shown}\n+#define DOORBELL_HIGH_BASE 0x40000000\n #define DOORBELLS 4`);
    expect(await told('The region is at 0x9000000 on most boards.', beside('0xa000000'))).toEqual(['value-differs']);
    expect(await told('The region is at 0x9000000 on most boards.', beside('0x9000000 /* fixed */'))).toEqual([]);
    const longer = (shown: string) =>
      code(`${shown}\n+#define RING_BASE 0x8000\n+#define RING_SIZE 0x200000\n #define RINGS 2`);
    expect(await told('A ring takes a buffer of 1MB.', longer(' #define OLD_SIZE 0x300000'))).toEqual([
      'value-differs',
    ]);
    expect(await told('A ring takes a buffer of 1MB.', longer('-#define OLD_SIZE 0x100000'))).toEqual([]);
  });
  it('finds a comment beside or above a constant', async () => {
    expect(await told(WORDS, defines('0x200000', ' /* 1MB */'))).toEqual(['value-differs']);
    expect(await told(WORDS, defines('0x100000', ' /* 1MB */'))).toEqual([]);
    const limit = (n: number) => code(`\n/* At most 64 doorbells */\n#define DOORBELLS_MAX ${n}\n\nstruct door;\n`);
    expect(await told(WORDS, limit(128))).toEqual(['value-differs']);
    expect(await told(WORDS, limit(64))).toEqual([]);
  });
  it.each([
    ['0x100000', 2 ** 20],
    ['SZ_64K', 65536],
    ['(1UL << 20)', 2 ** 20],
    ['BIT(4)', 16],
    ['(2 * SZ_1M)', 2 ** 21],
    ['PAGE_SIZE', null],
    ['foo(1)', null],
  ])('reads %s', (text, value) => {
    expect(numberIn(text)).toBe(value);
  });
});

describe('default-differs', () => {
  const parameter = (value: string, says = 'false') =>
    code(
      `static bool relaxed${value};\nmodule_param(relaxed, bool, 0444);\nMODULE_PARM_DESC(relaxed,\n\t\t "Accept all groups (default: ${says}).");\n`,
    );
  it('finds a module parameter that starts otherwise than said', async () => {
    expect(await told(WORDS, parameter(' = true'))).toEqual(['default-differs']);
    expect(await told(WORDS, parameter(''))).toEqual([]);
    expect(await told('The parameter relaxed is enabled by default.', parameter(''))).toEqual(['default-differs']);
    expect(await told('The IOMMU is enabled by default, which is slow.', parameter(''))).toEqual([]);
  });
  const option = (more: string): Files => ({
    'drivers/vfio/Kconfig': `config VFIO_DOORS\n\tbool "Doors"\n${more}\thelp\n\t  Say Y for doors.\n`,
  });
  it('finds an option that is on though it is said to be opt-in', async () => {
    const text = 'Add the option VFIO_DOORS, which is off by default.';
    expect(await told(text, option('\tdefault y\n'))).toEqual(['default-differs']);
    expect(await told(text, option(''))).toEqual([]);
    expect(await told(text, option('\tdefault y if ARM64\n'))).toEqual([]);
  });
});

describe('unit-differs', () => {
  const init = (size: string, doc = 'size of the window in bytes') =>
    code(`/**
 * window_init() - Set up a window
 * @window: the window
 * @size: ${doc}
 */
void window_init(struct window *window, size_t size)
{
	window->npages = ${size};
}`);
  it('finds bytes taken for pages', async () => {
    expect(await told(WORDS, init('size'))).toEqual(['unit-differs']);
    expect(await told(WORDS, init('size >> PAGE_SHIFT'))).toEqual([]);
    expect(await told(WORDS, init('size >> PAGE_SHIFT', 'number of pages'))).toEqual(['unit-differs']);
    expect(await told(WORDS, init('size', 'size of the window'))).toEqual([]);
  });
});

describe('condition-turned', () => {
  const prepare = (test: string, note = '') =>
    code(`static int prepare(struct cookie *cookie)
{
${note}	if (${test})
		reserve_msi(cookie);
	return 0;
}`);
  it('finds what is done when the words say that it is not', async () => {
    const text = 'This is done only if the type of the cookie is DMA_MSI_COOKIE.';
    expect(await told(text, prepare('cookie->type != DMA_MSI_COOKIE'))).toEqual(['condition-turned']);
    expect(await told(text, prepare('cookie->type == DMA_MSI_COOKIE'))).toEqual([]);
    expect(
      await told('Refuse it only if the type is DMA_MSI_COOKIE.', prepare('cookie->type != DMA_MSI_COOKIE')),
    ).toEqual([]);
    expect(
      await told(WORDS, prepare('cookie->type != DMA_MSI_COOKIE', '\t/* Unless it is a DMA_MSI_COOKIE */\n')),
    ).toEqual([]);
    expect(
      await told(WORDS, prepare('cookie->type == DMA_MSI_COOKIE', '\t/* Unless it is a DMA_MSI_COOKIE */\n')),
    ).toEqual(['condition-turned']);
  });
});

describe('order-turned', () => {
  const teardown = (first: string, second: string, note = '') =>
    code(`static void teardown(struct its_device *dev)
{
${note}	${first}
	${second}
}`);
  const [free, unmap] = ['its_free_device(dev);', 'its_unmap_device(dev, 0);'];
  it('finds two calls in another order than told', async () => {
    const text = 'Call its_unmap_device() before its_free_device().';
    expect(await told(text, teardown(free, unmap))).toEqual(['order-turned']);
    expect(await told(text, teardown(unmap, free))).toEqual([]);
    expect(
      await told('Currently its_unmap_device() is called before its_free_device().', teardown(free, unmap)),
    ).toEqual([]);
    const note = '\t/* Unmap the device before its table is freed */\n';
    expect(await told(WORDS, teardown(free, unmap, note))).toEqual(['order-turned']);
    expect(await told(WORDS, teardown(unmap, free, note))).toEqual([]);
  });
});

describe('name-differs', () => {
  it('finds a flag that the message calls otherwise', async () => {
    const text = 'Userspace sets the new flag DOOR_WINDOW_FLAG_FIXED.';
    const flag = (name: string) => code(`#define ${name} (1 << 0)\n`);
    expect(await told(text, flag('DOOR_WINDOW_FLAG_STATIC'))).toEqual(['name-differs']);
    expect(await told(text, flag('DOOR_WINDOW_FLAG_FIXED'))).toEqual([]);
    expect(await told(text, flag('OTHER_THING'))).toEqual([]);
  });
});

describe('refactor-changed', () => {
  const move = (test: string) =>
    code(`+static int clip(struct region *region, loff_t pos)
+{
+	if (${test})
+		return -EINVAL;
+	return 0;
+}
+
 static ssize_t rw(struct device *vdev, loff_t pos)
 {
-	if (pos >= vdev->region[0].size)
-		return -EINVAL;
-	return 0;
+	return clip(&vdev->region[0], pos);
 }`);
  it('finds the token that changed on the way', async () => {
    const text = 'Move the test into a helper.\n\nNo functional change intended.';
    expect(await told(text, move('pos > region->size'))).toEqual(['refactor-changed']);
    expect(await told(text, move('pos >= region->size'))).toEqual([]);
    expect(await told('Move the test into a helper.', move('pos > region->size'))).toEqual([]);
  });
});

describe('print-missing', () => {
  const add = (otherwise: string) =>
    code(`void add_region(struct list_head *head)
{
	struct region *region = alloc_region(GFP_KERNEL);

	if (region)
		list_add_tail(&region->list, head);
${otherwise}}`);
  it('finds a message that is promised and not printed', async () => {
    const text = 'This is hard to find out later on, so print a warning if there is no memory.';
    expect(await told(text, add(''))).toEqual(['print-missing']);
    expect(await told(text, add('\telse\n\t\tpr_warn("no region\\n");\n'))).toEqual([]);
    expect(await told('A later patch will print a warning here.', add(''))).toEqual([]);
    expect(await told('Commit 7723f4c5ecdb ("core: Add an error message to it") is not enough.', add(''))).toEqual([]);
  });
});

describe('comment-copied', () => {
  const pair = (line: string) =>
    code(
      ['map', 'unmap']
        .map(
          (deed) => `/**
 * door_${deed}_table - ${deed} the table
 * @attrs: ${deed === 'map' ? 'Optional attributes for the map operation' : line}
 */
void door_${deed}_table(unsigned long attrs)
{
	door_${deed}(attrs);
}`,
        )
        .join('\n\n'),
    );
  it('finds a line that is the other function’s', async () => {
    expect(await told(WORDS, pair('Optional attributes for the map operation'))).toEqual(['comment-copied']);
    expect(await told(WORDS, pair('Optional attributes for the unmap operation'))).toEqual([]);
    expect(await told(WORDS, pair('Attributes that the map operation got'))).toEqual([]);
  });
});

describe('flag-refused and the sizes of userspace', () => {
  const set = (mask: string, more = '') =>
    code(`static long set_window(struct iommu *iommu, unsigned long arg)
{
	struct window window;
	unsigned long minsz = offsetofend(struct window, size);

	if (copy_from_user(&window, (void __user *)arg, minsz))
		return -EFAULT;

	if (window.argsz < minsz || window.flags & ~${mask})
		return -EINVAL;

	if (window.flags & WINDOW_GRANULE) {
${more}		if (copy_from_user(&window.granule, (void __user *)(arg + minsz), sizeof(window.granule)))
			return -EFAULT;
	}
	return do_window(iommu, &window);
}`);
  const argsz = '\t\tif (window.argsz < offsetofend(struct window, granule))\n\t\t\treturn -EINVAL;\n';
  it('finds a flag that is acted on and not let through', async () => {
    expect(await told(WORDS, set('WINDOW_FIXED', argsz))).toEqual(['flag-refused']);
    expect(await told(WORDS, set('(WINDOW_FIXED | WINDOW_GRANULE)', argsz))).toEqual([]);
    expect(await told(WORDS, set('WINDOW_FLAGS_ALL', argsz))).toEqual([]);
    // Each of two flags alone.
    const alone = ['A', 'B'].map(
      (flag) => `\tif (flags & STOP_${flag}) {\n\t\tif (flags & ~STOP_${flag})\n\t\t\treturn -EINVAL;\n\t}\n`,
    );
    expect(
      await told(WORDS, code(`static int stop(struct vcpu *vcpu, int flags)\n{\n${alone.join('\n')}\treturn 0;\n}`)),
    ).toEqual([]);
  });
  it('finds a member read behind what argsz was held against', async () => {
    expect(await told(WORDS, set('(WINDOW_FIXED | WINDOW_GRANULE)'))).toEqual(['argsz-unchecked']);
  });
  const info = (end: string) =>
    code(`static long door_info(struct iommu *iommu, unsigned long arg)
{
	struct info info;

	if (copy_from_user(&info, (void __user *)arg, sizeof(info)))
		return -EFAULT;

	info.free = iommu->free;
${end}}`);
  it('finds an answer that nothing copies back', async () => {
    expect(await told(WORDS, info('\treturn 0;\n'))).toEqual(['answer-lost']);
    expect(
      await told(WORDS, info('\treturn copy_to_user((void __user *)arg, &info, sizeof(info)) ? -EFAULT : 0;\n')),
    ).toEqual([]);
    expect(await told(WORDS, info('\treturn give_back(arg, &info);\n'))).toEqual([]);
  });
});

describe('reference-missing', () => {
  const get = (value: string, doc = 'Returns the domain of the group with a reference held.') =>
    code(`/*\n * ${doc}\n */\nstruct domain *group_domain(struct group *group)\n{\n\treturn ${value};\n}`);
  it('finds a reference that is promised and not taken', async () => {
    expect(await told(WORDS, get('group->domain'))).toEqual(['reference-missing']);
    expect(await told(WORDS, get('domain_get(group->domain)'))).toEqual([]);
    expect(await told(WORDS, get('group->domain', 'The caller must hold a reference of the group.'))).toEqual([]);
    expect(await told(WORDS, get('group->domain', 'Returns the domain without a reference held.'))).toEqual([]);
  });
});

describe('ioctl-direction', () => {
  const window = (macro: string, copy = 'copy_to_user(argp, &window, sizeof(window))'): Files => ({
    'include/uapi/linux/sample.h': `#define GET_WINDOW\t${macro}(KIO, 0xe5, struct window)\n`,
    [C]: `static long vm_ioctl(struct file *filp, unsigned int ioctl, unsigned long arg)
{
	void __user *argp = (void __user *)arg;

	switch (ioctl) {
	case GET_WINDOW: {
		struct window window = {};

		if (${copy})
			return -EFAULT;
		return 0;
	}
	default:
		return -ENOTTY;
	}
}`,
  });
  it('finds a number whose direction is not that of the copy', async () => {
    expect(await told(WORDS, window('_IOW'))).toEqual(['ioctl-direction']);
    expect(await told(WORDS, window('_IOR'))).toEqual([]);
    expect(await told(WORDS, window('_IOWR'))).toEqual([]);
    expect(await told(WORDS, window('_IOR', 'copy_from_user(&window, argp, sizeof(window))'))).toEqual([
      'ioctl-direction',
    ]);
    // Passed on: who knows what happens there.
    expect(await told(WORDS, window('_IOW', 'get_window(filp, argp)'))).toEqual([]);
  });
});

describe('name-differs on constants that are used', () => {
  const map = (flags: string) => code(`int door_map(struct domain *domain)\n{\n\treturn map(domain, ${flags});\n}`);
  it('finds a constant that no line has', async () => {
    expect(await told('Map it with DOOR_MMIO.', map('DOOR_CACHE'))).toEqual(['name-differs']);
    expect(await told('Map it with DOOR_MMIO.', map('DOOR_MMIO'))).toEqual([]);
    expect(await told('Map it with DOOR_CACHE instead of DOOR_MMIO.', map('DOOR_CACHE'))).toEqual([]);
    expect(await told('A later patch will map it with DOOR_MMIO.', map('DOOR_CACHE'))).toEqual([]);
  });
});

describe('deed-missing', () => {
  const walk = (before: string, after: string) =>
    code(`static int count(struct group *group)
{
	int n = 0;

${before}	for (struct dev *dev = group->first; dev; dev = dev->next)
		n++;
${after}	return n;
}`);
  it('finds a step that the message promises and no line takes', async () => {
    const text = 'Count the devices. Take the group mutex around the walk.';
    expect(await told(text, walk('', ''))).toEqual(['deed-missing']);
    expect(await told(text, walk('\tmutex_lock(&group->mutex);\n', '\tmutex_unlock(&group->mutex);\n'))).toEqual([]);
    expect(await told('The caller will take the group mutex.', walk('', ''))).toEqual([]);
    expect(await told('Callers take the group mutex before.', walk('', ''))).toEqual([]);
    expect(await told('Flush the IOTLB afterwards.', walk('', ''))).toEqual(['deed-missing']);
    expect(await told('Flush the IOTLB afterwards.', walk('', '\tiommu_iotlb_sync(group->domain);\n'))).toEqual([]);
  });
});

describe('condition-turned on questions', () => {
  const attach = (test: string) =>
    code(`static int attach_all(struct group *group)
{
	list_for_each_entry(dev, &group->devices, list) {
		if (${test})
			continue;
		attach(dev);
	}
	return 0;
}`);
  it('finds what is skipped when the words keep it', async () => {
    const text = 'Skip devices if dev_has_isolated_msi() holds.';
    expect(await told(text, attach('!dev_has_isolated_msi(dev)'))).toEqual(['condition-turned']);
    expect(await told(text, attach('dev_has_isolated_msi(dev)'))).toEqual([]);
    expect(
      await told('Devices are attached only if dev_has_isolated_msi() holds.', attach('dev_has_isolated_msi(dev)')),
    ).toEqual(['condition-turned']);
    // Zero is the good answer of what returns errors.
    expect(await told('Skip devices if dev_probe() fails.', attach('!dev_probe(dev)'))).toEqual([]);
  });
});

describe('error-lost where nothing was found', () => {
  const respond = (leave: string, type = 'struct sdev *sdev') =>
    code(`static int respond(struct dev *dev, u32 pasid)
{
	${type};
	int ret;

	ret = find_sdev(dev, pasid, &sdev);
	if (ret || !sdev)${leave}
	answer(sdev);
out:
	return ret;
}`);
  it('finds a success that is told of what was not there', async () => {
    expect(await told(WORDS, respond('\n\t\tgoto out;'))).toEqual(['error-lost']);
    expect(await told(WORDS, respond('\n\t\treturn ret;'))).toEqual(['error-lost']);
    expect(await told(WORDS, respond(' {\n\t\tret = -ENODEV;\n\t\tgoto out;\n\t}'))).toEqual([]);
    expect(await told(WORDS, respond('\n\t\treturn -ENODEV;'))).toEqual([]);
    // A flag: not set may be a reason to be done.
    expect(await told(WORDS, respond('\n\t\tgoto out;', 'int sdev'))).toEqual([]);
  });
});

describe('structure-differs', () => {
  const both = (told: string): Files => ({
    'include/uapi/linux/sample.h':
      'struct tags {\n\t__u64 length;\n\tvoid __user *addr;\t/* where */\n\t__u64 reserved[2];\n};\n',
    'Documentation/virt/sample.rst': `Tags\n\n::\n\n  struct tags {\n\t__u64 length;\n${told}\t__u64 reserved[2];\n  };\n`,
  });
  it('finds a structure that the document shows otherwise', async () => {
    expect(await told(WORDS, both('\tvoid __user *addr;\n'))).not.toContain('structure-differs');
    expect(await told(WORDS, both('\tunion {\n\t\tvoid __user *addr;\n\t\t__u64 padding;\n\t};\n'))).toContain(
      'structure-differs',
    );
    expect(await told(WORDS, both(''))).toContain('structure-differs');
    // Cut short on purpose.
    expect(await told(WORDS, both('\t...\n'))).not.toContain('structure-differs');
  });
});
