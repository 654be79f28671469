/**
 * The built-in designs: the host's own behaviour as C of our own, one folder a design.
 * In: the C texts beside this file. Out: `DesignSource`s. Knows nothing of the interpreter that runs them.
 */
import type { DesignSource } from '../types';
import { v45 } from './v4.5/files';

export { controllerTables, iommuTable, type ControllerTables } from './tables';

export const designs: readonly DesignSource[] = [
  { name: 'v4.5', title: 'Linux v4.5: no mapping of ARM doorbells', base: null, files: v45 },
];
