/**
 * What the programs for Node use of the core. In the review worker this module is the browser's worker script (`dist/web/review-worker.js`), so that the package
 * holds the core once: `tools/build.mjs`. Files of this folder that the worker is made of import values of the core from here, never past it.
 */
export { createFrontEnd } from '../code/front-end';
export { designs } from '../host/designs';
export { fromPrepared } from '../host/prepared';
export { programSet } from '../host/programs';
export { comparisonJson, comparisonText } from '../report/comparison';
export { reviewJson } from '../report/json';
export { reviewText } from '../report/text';
export { FOLDER_SIDECAR, SIDECAR } from '../review/corrections-file';
export { blobsNamed } from '../review/prefixes';
export { createReviewer } from '../review/review';
export { compareVersions, isVersionOf } from '../review/versions';
export { runScenario } from '../scenario/run';
export { readKey } from '../series/mail';
export { isFromLine, nextLine, quotingOf, splitMails } from '../series/mbox';
export { assembleSeries, MAX_MAIL } from '../series/read';
export { reviewService } from './review-service';
