/*
 * Reference for bench/machine.mjs: the same lookups on the same tables, in plain C. State is what a simulator has: structures behind
 * pointers, memory of which some ranges are DRAM; but memory is flat, neither sparse nor copied on write as in the model.
 * Prints one line a benchmark: name, operations per second, checksum. The checksums must equal those of the model.
 * Build: cc -O2 -o machine-reference machine-reference.c
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RAM_BASE 0x40000000ull
#define RAM_SIZE 0x02000000ull
#define REQUESTS 8192

struct memory {
	uint8_t *bytes;
	int ranges;
	uint64_t start[2], end[2];
};

struct vtd {
	int remapping, compatibility, eim, posting;
	uint64_t table;
	uint32_t log2;
};

struct format {
	int granule_bits, input_bits, start_level, output_bits, stage, access_flag, flat_permissions;
};

struct its {
	uint64_t device_table, collection_table;
	uint32_t device_entries, device_bits, collection_entries;
};

static struct memory memory = { NULL, 1, { RAM_BASE }, { RAM_BASE + RAM_SIZE } };
static uint32_t seed;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

static int in_ram(const struct memory *m, uint64_t at, uint64_t size)
{
	for (int i = 0; i < m->ranges; i++)
		if (at >= m->start[i] && at + size <= m->end[i])
			return 1;
	return 0;
}

static uint64_t load64(const struct memory *m, uint64_t at)
{
	uint64_t word;
	memcpy(&word, m->bytes + (at - m->start[0]), 8);
	return word;
}

static uint32_t load32(const struct memory *m, uint64_t at)
{
	uint32_t word;
	memcpy(&word, m->bytes + (at - m->start[0]), 4);
	return word;
}

static void store64(uint64_t at, uint64_t word)
{
	memcpy(memory.bytes + (at - RAM_BASE), &word, 8);
}

/* VT-d interrupt remapping: negative fault reason, or destination, vector and modes packed. */
#define IR_TABLE RAM_BASE
#define IR_LOG2 12

__attribute__((noinline)) static int64_t remap(const struct vtd *vtd, const struct memory *m, uint32_t rid, uint64_t address, uint32_t data)
{
	static const uint32_t qualifier[4] = { 0xffff, 0xfffb, 0xfff9, 0xfff8 };
	if (!vtd->remapping || (!(address & 0x10) && vtd->compatibility && !vtd->eim))
		return (int64_t)(address >> 12 & 0xff) * 0x4000 + (data & 0x7ff);
	if (!(address & 0x10))
		return -0x25;
	if (data >> 16)
		return -0x20;
	uint32_t index = ((address >> 5) & 0x7fff) | ((address & 4) << 13);
	if (address & 8)
		index += data & 0xffff;
	if (index >= 1u << vtd->log2)
		return -0x21;
	uint64_t entry = vtd->table + (uint64_t)index * 16;
	if (!in_ram(m, entry, 16))
		return -0x23;
	uint32_t lo = load32(m, entry);
	int64_t silent = lo & 2 ? 0x100 : 0;
	if (!(lo & 1))
		return -(0x22 | silent);
	uint32_t destination = load32(m, entry + 4), source = load32(m, entry + 8), last = load32(m, entry + 12);
	uint32_t mode = (lo >> 5) & 7;
	if (((lo & 0x8000) && !vtd->posting) || (lo & 0xff007000) || mode == 3 || mode == 6 || last || source >> 20 || ((source >> 18) & 3) == 3 ||
	    (!vtd->eim && (destination & 0xffff00ff)))
		return -(0x24 | silent);
	uint32_t type = (source >> 18) & 3;
	if (type == 1) {
		if ((source ^ rid) & qualifier[(source >> 16) & 3])
			return -(0x26 | silent);
	} else if (type == 2) {
		uint32_t bus = rid >> 8;
		if (bus < ((source >> 8) & 0xff) || bus > (source & 0xff))
			return -(0x26 | silent);
	}
	return (int64_t)(vtd->eim ? destination : (destination >> 8) & 0xff) * 0x4000 +
	       (((lo >> 16) & 0xff) | (mode << 8) | ((lo >> 2 & 1) << 11) | ((lo >> 3 & 1) << 12) | ((lo >> 4 & 1) << 13));
}

/* Three levels of 4 KiB tables, Arm stage 1. */
#define PT_ROOT (RAM_BASE + 0x10000)

__attribute__((noinline)) static int64_t walk(const struct memory *m, uint64_t base, const struct format *format, uint64_t address, int is_write)
{
	if (address >= 1ull << format->input_bits)
		return -0x10;
	uint64_t table = base, limit = 1ull << format->output_bits;
	uint64_t field = 0x0000ffffffffffffull & ~((1ull << format->granule_bits) - 1);
	int stride = format->granule_bits - 3, writable = 1, unprivileged = 1;
	int shift = format->granule_bits + (3 - format->start_level) * stride;
	uint64_t mask = (1ull << (format->input_bits - shift)) - 1;
	for (int level = format->start_level;; level++) {
		if (table >= limit)
			return -0x11;
		uint64_t at = table + ((address >> shift) & mask) * 8;
		if (!in_ram(m, at, 8))
			return -0x0b;
		uint64_t word = load64(m, at);
		if (!(word & 1))
			return -0x10;
		if (!(word & 2) && (level == 3 || (level != 2 && !(level == 1 && format->granule_bits == 12))))
			return -0x10;
		uint64_t frame = word & field;
		if (level < 3 && (word & 2)) {
			if (format->stage == 1 && !format->flat_permissions) {
				if (word & 1ull << 62)
					writable = 0;
				if (word & 1ull << 61)
					unprivileged = 0;
			}
			table = frame;
			shift -= stride;
			mask = (1ull << stride) - 1;
			continue;
		}
		if (frame >= limit)
			return -0x11;
		if (format->access_flag && !(word & 0x400))
			return -0x12;
		if (format->stage == 1) {
			if (!unprivileged || !(word & 0x40))
				return -0x13;
			if (is_write && (!writable || (word & 0x80)))
				return -0x13;
		} else if (!(word & (is_write ? 0x80 : 0x40))) {
			return -0x13;
		}
		return (int64_t)(((frame >> shift) << shift) | (address & ((1ull << shift) - 1)));
	}
}

/* ITS: device table, interrupt translation table, collection table. */
#define DEVICE_TABLE (RAM_BASE + 0x56000)
#define DEVICE_ENTRIES 1024
#define COLLECTIONS (RAM_BASE + 0x58000)
#define ITTS (RAM_BASE + 0x60000)
#define VALID (1ull << 63)

__attribute__((noinline)) static int64_t its_event(const struct its *its, const struct memory *m, uint32_t device, uint32_t event)
{
	if (device >= 1u << its->device_bits || device >= its->device_entries)
		return -2;
	uint64_t at = its->device_table + (uint64_t)device * 8;
	if (!in_ram(m, at, 8))
		return -2;
	uint64_t dte = load64(m, at);
	if (!(dte & VALID))
		return -3;
	if (event >= 2u << (dte & 0xf))
		return -4;
	at = (dte & 0x000fffffffffff00ull) + (uint64_t)event * 8;
	if (!in_ram(m, at, 8))
		return -5;
	uint64_t ite = load64(m, at);
	if (!(ite & VALID))
		return -5;
	uint32_t collection = (ite >> 32) & 0xffff;
	if (collection >= its->collection_entries)
		return -6;
	at = its->collection_table + collection * 8;
	if (!in_ram(m, at, 8))
		return -6;
	uint64_t cte = load64(m, at);
	if (!(cte & VALID))
		return -6;
	return (int64_t)(cte & 0xffff) * 0x1000000 + (int64_t)(ite & 0xffffff);
}

/* IOVA ranges: a treap by lowest page; each range knows the gap below it, a subtree its longest gap and the order of its largest aligned block. */
#define LIVE 10000
#define EXCHANGES 1024
#define IOVA_LIMIT 0xfffffu
#define ANCHOR 1

struct range {
	uint64_t low, high, gap, longest;
	uint32_t left, right, rank;
	int32_t own, largest;
};

static struct range ranges[LIVE + 8];
static uint32_t ranges_used, ranges_unused, ranges_seed, range_path[1024];

static uint64_t last_aligned(uint64_t to, uint64_t size)
{
	return to < size ? UINT64_MAX : (to - size) & ~(size - 1);
}

/* Where the gap below a range begins, and the order of the largest aligned block in it. */
static void range_set_gap(uint32_t node, uint64_t from)
{
	struct range *r = &ranges[node];
	uint64_t length = r->low - from;
	r->gap = from;
	r->own = -1;
	if (length) {
		int order = 63 - __builtin_clzll(length);
		uint64_t at = last_aligned(r->low, 1ull << order);
		r->own = at != UINT64_MAX && at >= from ? order : order - 1;
	}
}

static int range_refresh(uint32_t node)
{
	struct range *r = &ranges[node], *left = &ranges[r->left], *right = &ranges[r->right];
	uint64_t longest = r->low - r->gap;
	int32_t largest = r->own;
	if (left->longest > longest)
		longest = left->longest;
	if (right->longest > longest)
		longest = right->longest;
	if (left->largest > largest)
		largest = left->largest;
	if (right->largest > largest)
		largest = right->largest;
	if (r->longest == longest && r->largest == largest)
		return 0;
	r->longest = longest;
	r->largest = largest;
	return 1;
}

static void range_refresh_path(int depth, int least)
{
	while (depth-- > 0)
		if (!range_refresh(range_path[depth]) && depth < least)
			return;
}

static void range_hang(uint32_t parent, int on_left, uint32_t node)
{
	if (on_left)
		ranges[parent].left = node;
	else
		ranges[parent].right = node;
}

static void range_insert(int depth, uint64_t low, uint64_t high)
{
	uint32_t above = range_path[depth - 1], node = ranges_unused;
	if (node)
		ranges_unused = ranges[node].right;
	else
		node = ranges_used++;
	ranges_seed ^= ranges_seed << 13;
	ranges_seed ^= ranges_seed >> 17;
	ranges_seed ^= ranges_seed << 5;
	ranges[node] = (struct range){ low, high, 0, 0, 0, 0, ranges_seed >> 1, 0, 0 };
	range_set_gap(node, ranges[above].gap);
	range_set_gap(above, high + 1);
	int end = depth;
	if (!ranges[above].left) {
		ranges[above].left = node;
	} else {
		uint32_t at = ranges[above].left;
		for (;;) {
			range_path[end++] = at;
			if (!ranges[at].right)
				break;
			at = ranges[at].right;
		}
		ranges[at].right = node;
	}
	range_refresh(node);
	for (; end > 1; end--) {
		uint32_t parent = range_path[end - 1], upper = range_path[end - 2];
		if (ranges[parent].rank >= ranges[node].rank)
			break;
		if (ranges[parent].left == node) {
			ranges[parent].left = ranges[node].right;
			ranges[node].right = parent;
		} else {
			ranges[parent].right = ranges[node].left;
			ranges[node].left = parent;
		}
		range_hang(upper, ranges[upper].left == parent, node);
		range_refresh(parent);
		range_refresh(node);
	}
	range_refresh_path(end, depth);
}

static int64_t range_place(uint32_t node, uint64_t size, uint64_t limit, int aligned)
{
	uint64_t to = ranges[node].low < limit + 1 ? ranges[node].low : limit + 1;
	uint64_t low = aligned ? last_aligned(to, size) : to < size ? UINT64_MAX : to - size;
	return low != UINT64_MAX && low >= ranges[node].gap ? (int64_t)low : -1;
}

static int range_fits(uint32_t node, uint64_t size, int aligned)
{
	return aligned ? ranges[node].largest >= 63 - __builtin_clzll(size) : ranges[node].longest >= size;
}

__attribute__((noinline)) static int64_t range_take(uint64_t size, uint64_t limit, int aligned)
{
	int depth = 0, found = 0;
	for (uint32_t node = ANCHOR; node;) {
		range_path[depth++] = node;
		if (ranges[node].low > limit) {
			found = depth;
			node = ranges[node].left;
		} else {
			node = ranges[node].right;
		}
	}
	depth = found;
	uint32_t nearest = range_path[depth - 1];
	int64_t place = range_place(nearest, size, limit, aligned);
	if (place >= 0) {
		range_insert(depth, place, place + size - 1);
		return place;
	}
	uint32_t below = ranges[nearest].left;
	while (!range_fits(below, size, aligned)) {
		uint32_t child = range_path[--depth];
		while (depth > 0 && ranges[range_path[depth - 1]].left == child)
			child = range_path[--depth];
		if (!depth)
			return -1;
		uint32_t ancestor = range_path[depth - 1];
		place = range_place(ancestor, size, limit, aligned);
		if (place >= 0) {
			range_insert(depth, place, place + size - 1);
			return place;
		}
		below = ranges[ancestor].left;
	}
	for (;;) {
		range_path[depth++] = below;
		if (range_fits(ranges[below].right, size, aligned)) {
			below = ranges[below].right;
			continue;
		}
		place = range_place(below, size, limit, aligned);
		if (place >= 0) {
			range_insert(depth, place, place + size - 1);
			return place;
		}
		below = ranges[below].left;
	}
}

__attribute__((noinline)) static void range_give(uint64_t page)
{
	int depth = 0, above = 0;
	uint32_t node = ANCHOR;
	while (node && ranges[node].low != page) {
		range_path[depth++] = node;
		if (page < ranges[node].low) {
			above = depth;
			node = ranges[node].left;
		} else {
			node = ranges[node].right;
		}
	}
	if (!node || node == ANCHOR)
		return;
	uint32_t l = ranges[node].left, r = ranges[node].right;
	if (r) {
		int end = depth;
		for (uint32_t at = r; at; at = ranges[at].left)
			range_path[end++] = at;
		range_set_gap(range_path[end - 1], ranges[node].gap);
		while (end > depth && range_refresh(range_path[--end]))
			;
		above = depth;
	} else {
		range_set_gap(range_path[above - 1], ranges[node].gap);
	}
	uint32_t parent = range_path[depth - 1];
	int on_left = ranges[parent].left == node;
	while (l && r) {
		uint32_t upper = ranges[l].rank >= ranges[r].rank ? l : r;
		range_hang(parent, on_left, upper);
		range_path[depth++] = upper;
		parent = upper;
		on_left = upper == r;
		if (on_left)
			r = ranges[upper].left;
		else
			l = ranges[upper].right;
	}
	range_hang(parent, on_left, l ? l : r);
	ranges[node].right = ranges_unused;
	ranges_unused = node;
	range_refresh_path(depth, above);
}

static uint64_t live[LIVE];
static uint32_t slots[REQUESTS], sizes[REQUESTS];

static void build_ranges(void)
{
	memset(ranges, 0, sizeof(ranges));
	ranges[0].largest = -1;
	ranges[ANCHOR] = (struct range){ 1ull << 52, 1ull << 52, 1, 0, 0, 0, 0x7fffffff, 0, 0 };
	range_set_gap(ANCHOR, 1);
	range_refresh(ANCHOR);
	ranges_used = 2;
	ranges_unused = 0;
	ranges_seed = 0x2545f491;
	for (uint32_t i = 0; i < LIVE; i++)
		live[i] = range_take(1 + (i * 7) % 13, IOVA_LIMIT, 0);
}

/* One range given back, one taken in its place. */
static int64_t exchange(uint32_t i)
{
	range_give(live[slots[i]]);
	return live[slots[i]] = range_take(sizes[i] & 0xff, IOVA_LIMIT, sizes[i] >> 8);
}

static void build_tables(void)
{
	seed = 0x2545f491;
	for (uint32_t i = 0; i < 1u << IR_LOG2; i++) {
		uint32_t r = next_random();
		uint64_t lo = (r % 256 != 0) | (uint64_t)((next_random() & 0xff) << 16) | (uint64_t)(next_random() & 0xff00) << 32;
		uint64_t hi = (1u << 18) | ((r >> 4 & 3) << 16) | (next_random() & 0x7ff);
		store64(IR_TABLE + i * 16, lo);
		store64(IR_TABLE + i * 16 + 8, hi);
	}
	uint64_t free_table = PT_ROOT + 0x1000;
	for (uint32_t i = 0; i < 4; i++) {
		uint64_t middle = free_table;
		free_table += 0x1000;
		store64(PT_ROOT + i * 8, middle | 3);
		for (uint32_t j = 0; j < 16; j++) {
			store64(middle + j * 8, free_table | 3);
			for (uint32_t k = 0; k < 512; k++)
				store64(free_table + k * 8, (uint64_t)(next_random() & 0xfffff) << 12 | 0x743 | (k % 256 == 0 ? 0x80 : 0));
			free_table += 0x1000;
		}
	}
	for (uint32_t c = 0; c < 16; c++)
		store64(COLLECTIONS + c * 8, VALID | (c % 4));
	for (uint32_t d = 0; d < DEVICE_ENTRIES; d++) {
		uint64_t itt = ITTS + (uint64_t)d * 256;
		store64(DEVICE_TABLE + d * 8, (d % 256 == 5 ? 0 : VALID) | itt | 4);
		for (uint32_t e = 0; e < 32; e++)
			store64(itt + e * 8, (VALID) | (uint64_t)(next_random() % 16) << 32 | (8192 + (next_random() & 0x3fff)));
	}
}

static uint32_t rids[REQUESTS], datas[REQUESTS], devices[REQUESTS], events[REQUESTS];
static uint64_t messages[REQUESTS], iovas[REQUESTS];

static void build_requests(void)
{
	for (uint32_t i = 0; i < REQUESTS; i++) {
		uint32_t index = next_random() % ((1u << IR_LOG2) + 8);
		messages[i] = 0xfee00010 + ((uint64_t)(index & 0x7fff) << 5) + (index & 1 ? 8 : 0);
		datas[i] = index & 1 ? next_random() & 3 : 0;
		uint32_t source = load32(&memory, IR_TABLE + ((index + datas[i]) & ((1u << IR_LOG2) - 1)) * 16 + 8) & 0xffff;
		rids[i] = next_random() % 256 ? source : source ^ (next_random() & 7);
		uint64_t region = next_random() & 3, block = next_random() % 256 ? next_random() & 15 : 16;
		iovas[i] = region << 30 | block << 21 | (next_random() & 0x1ff000) | (next_random() & 0xffc);
		devices[i] = next_random() % (DEVICE_ENTRIES + 4);
		events[i] = next_random() % 256 ? next_random() & 31 : 33;
		slots[i] = next_random() % LIVE;
		/* Half of the requests are for an aligned block: size in 7:0, bit 8 for aligned. */
		sizes[i] = next_random() & 1 ? 0x100 | 1u << (next_random() & 3) : 1 + (next_random() & 15);
	}
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

/* Sums modulo 2^32 so that order and loss of precision do not matter. */
static uint32_t fold(uint32_t sum, int64_t result)
{
	return sum * 31 + (uint32_t)result;
}

/* The best pass of all, each short. */
#define BENCH(name, count, prepare, expression)                                             \
	do {                                                                               \
		double best = 1e9;                                                         \
		uint32_t sum = 0;                                                          \
		for (int repeat = 0; repeat < 60; repeat++) {                               \
			prepare;                                                           \
			sum = 0;                                                           \
			for (long turn = 0; turn < turns; turn++) {                         \
				double start = now();                                      \
				for (uint32_t i = 0; i < count; i++)                       \
					sum = fold(sum, expression);                       \
				double time = now() - start;                               \
				if (time < best)                                           \
					best = time;                                       \
			}                                                                  \
		}                                                                          \
		printf("%s %.0f %u\n", name, count / best, sum);                            \
	} while (0)

int main(int argc, char **argv)
{
	long turns = argc > 1 ? atol(argv[1]) : 10;
	struct vtd vtd = { 1, 0, 0, 0, IR_TABLE, IR_LOG2 };
	struct format format = { 12, 39, 1, 44, 1, 1, 0 };
	struct its its = { DEVICE_TABLE, COLLECTIONS, DEVICE_ENTRIES, 16, 64 };
	memory.bytes = calloc(1, RAM_SIZE);
	if (memory.bytes == NULL)
		return 1;
	build_tables();
	build_requests();
	BENCH("vtd-remap", REQUESTS, , remap(&vtd, &memory, rids[i], messages[i], datas[i]));
	BENCH("walk-its", REQUESTS, , ({
		int64_t physical = walk(&memory, PT_ROOT, &format, iovas[i], 1);
		physical < 0 ? physical : physical + its_event(&its, &memory, devices[i], events[i]);
	}));
	BENCH("its", REQUESTS, , its_event(&its, &memory, devices[i], events[i]));
	BENCH("iova", EXCHANGES, build_ranges(), exchange(i));
	free(memory.bytes);
	return 0;
}
