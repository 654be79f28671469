/**
 * Drivers of message-based SPIs: GICv2m frames and the GICv3 distributor's message register. All devices share them.
 */
import { SETSPI_NS } from '../../machine/gicv2m';
import type { IrqchipDriver } from './irqchip';
import { everyVector } from './state';

export const spiDriver: IrqchipDriver = {
  enable: () => true,
  /** SPIs from the first frame that has one free, one by one, as vectors of MSI-X are. */
  allocate(state, _spec, device, first, count) {
    const used = new Set(everyVector(state).map((vector) => vector.interrupt.number));
    const fresh = [];
    for (const frame of state.machine.frames) {
      for (let spi = frame.spiBase; spi < frame.spiBase + frame.spiCount && fresh.length < count; spi++) {
        if (used.has(spi)) continue;
        fresh.push({
          requesterId: device.requesterId,
          index: first + fresh.length,
          interrupt: { kind: 'spi' as const, number: spi, target: state.machine.distributor.targets[spi] ?? 0 },
          controller: frame.name,
          address: frame.base + SETSPI_NS,
          data: spi,
          translated: true,
        });
      }
    }
    return fresh.length === count ? fresh : null;
  },
  free(state, _spec, _requesterId, vectors) {
    for (const vector of vectors) state.machine.distributor.targets[vector.interrupt.number] = 0;
  },
  move(state, _spec, vector, cpu) {
    state.machine.distributor.targets[vector.interrupt.number] = cpu;
    return { ...vector, interrupt: { ...vector.interrupt, target: cpu } };
  },
};
