/** New files in sysfs, with and without a description in the series. */
import { describe, expect, it } from 'vitest';
import { type FilePart, seriesHits } from './series-mails';

const only = async (...parts: readonly FilePart[][]): Promise<string[]> =>
  (await seriesHits(parts.map((files) => ({ files })))).filter((one) => one.startsWith('attribute-undocumented '));

const code = (line: string, mark = '+', path = 'drivers/iommu/door.c'): FilePart => ({
  path,
  text: `@@ static ssize_t door_show(struct device *dev)\n \treturn 0;\n }\n${mark}${line}\n+static int door_more;\n \n`,
});
const docs = (text: string, path = 'Documentation/ABI/testing/sysfs-class-iommu-door'): FilePart => ({
  path,
  kind: 'new',
  text,
});

describe('attribute-undocumented', () => {
  it('sees a file that no patch describes', async () => {
    expect(await only([code('static DEVICE_ATTR_RO(gates_used);')])).toEqual([
      'attribute-undocumented 1: +static DEVICE_ATTR_RO(gates_used);',
    ]);
    expect(await only([code('static BUS_ATTR_WO(open_all);')])).toHaveLength(1);
    expect(
      await only(
        [code('DEVICE_ATTR(mode, 0644, mode_show, mode_store);')],
        [docs('What: /sys/class/iommu/<x>/speed\n')],
      ),
    ).toHaveLength(1);
  });
  it('says it once for the files of one patch', async () => {
    const two = code('static DEVICE_ATTR_RO(gates_used);');
    expect(
      await only([{ ...two, text: two.text.replace('+static int door_more;', '+static DEVICE_ATTR_RW(gates_open);') }]),
    ).toHaveLength(1);
  });
  it('is quiet with a description in any patch, for a file that only moved, and outside of what users rely on', async () => {
    const made = code('static DEVICE_ATTR_RO(gates_used);');
    expect(await only([made, docs('What: /sys/class/iommu/<x>/door/gates_used\n')])).toEqual([]);
    expect(await only([made], [docs('gates_used: how many\n', 'Documentation/driver-api/door.rst')])).toEqual([]);
    expect(await only([code('static DEVICE_ATTR(gates_used, 0444, show, NULL);', '-')], [made])).toEqual([]);
    expect(await only([code('static DEVICE_ATTR_RO(gates_used);', ' ')])).toEqual([]);
    expect(await only([code('static DEVICE_ATTR_RO(gates_used);', '+', 'samples/door/door.c')])).toEqual([]);
    expect(await only([code('static DEFINE_MUTEX(gates_used);')])).toEqual([]);
  });
});
