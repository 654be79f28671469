import { GUARD_GAP } from '../catalog';
import type { SeriesHit, SeriesRule } from './types';

/** Calls that ask whether interrupts of a device are isolated, before it is handed out. */
const GUARD =
  /\b(?:iommu_capable|device_iommu_capable)\s*\([^;]*IOMMU_CAP_INTR_REMAP|\b(?:irq_domain_check_msi_remap|irq_domain_hierarchical_is_msi_remap|msi_device_has_isolated_msi|iommu_group_has_isolated_msi)\s*\(/;

/**
 * A patch that takes the question for isolated interrupts away, while the one that asks again comes later: after the patches in
 * between a device is handed out unguarded.
 */
export const guardGap: SeriesRule = (view) => {
  const lines = view.changes.flatMap((change, patch) =>
    change.files.flatMap((file) =>
      /\.c$/.test(file.path)
        ? file.hunks.flatMap((hunk) =>
            hunk.lines
              .filter((line) => line.kind !== 'context' && GUARD.test(line.text))
              .map((line) => ({ patch, file, hunk, line })),
          )
        : [],
    ),
  );
  const removed = lines.find(
    ({ patch, line }) => line.kind === 'delete' && !lines.some((one) => one.patch <= patch && one.line.kind === 'add'),
  );
  const again =
    removed === undefined ? undefined : lines.find((one) => one.line.kind === 'add' && one.patch > removed.patch);
  if (removed === undefined || again === undefined) return [];
  // Another question in sight stays.
  const other = view.changes.some((change) =>
    change.files.some((file) =>
      file.path === removed.file.path
        ? file.hunks.some((hunk) => hunk.lines.some((line) => line.kind === 'context' && GUARD.test(line.text)))
        : false,
    ),
  );
  if (other) return [];
  const hit: SeriesHit = {
    rule: GUARD_GAP,
    at: { patch: removed.patch, file: removed.file, line: removed.line.line },
    function: /(\w+)\s*\(/.exec(removed.hunk.section)?.[1] ?? null,
    message: `The check for isolated interrupts goes here and comes back only with patch ${view.label(again.patch)}: in between a device without them can be attached`,
    why: [
      {
        text: 'a tree of the middle of the series hands out devices that can raise interrupts of others',
        reference: 'invariant I5',
      },
    ],
    related: [{ patch: again.patch, file: again.file, line: again.line.line, message: 'the check comes back here' }],
    fixedBy: again.patch,
  };
  return [hit];
};
