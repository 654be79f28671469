// Which folder of src/ may import which: the table of ARCHITECTURE.md, as rules.
// dependency-cruiser reads the sources with swc, so `import type` counts as an import too.

/**
 * Folder → the other folders it may import. `place` and `protocol` are single files beside the folders.
 * What is not listed may not be imported.
 */
const layers = {
  place: [],
  series: ['place'],
  patch: ['place', 'series'],
  code: ['place', 'series', 'patch'],
  prose: ['place', 'series', 'patch'],
  kernel: ['place', 'code', 'scenario/types'],
  machine: ['place'],
  host: ['place', 'code', 'kernel', 'machine', 'scenario/types', 'scenario/state'],
  scenario: ['place', 'code', 'kernel', 'machine', 'host'],
  review: ['place', 'series', 'patch', 'code', 'prose', 'kernel', 'machine', 'host', 'scenario'],
  report: ['place', 'series', 'patch', 'prose', 'kernel', 'machine', 'scenario', 'review'],
  node: [
    'place',
    'protocol',
    'series',
    'patch',
    'code',
    'prose',
    'kernel',
    'machine',
    'host',
    'scenario',
    'review',
    'report',
  ],
  cli: ['place', 'series', 'prose', 'kernel', 'machine', 'host', 'scenario', 'review', 'report', 'node'],
  editor: [
    'place',
    'protocol',
    'series',
    'patch',
    'prose',
    'kernel',
    'machine',
    'host',
    'scenario',
    'review',
    'report',
    'node',
    'topology/words',
  ],
  topology: ['place', 'protocol', 'machine', 'host', 'scenario'],
  protocol: ['place', 'series', 'patch', 'prose', 'machine', 'host', 'scenario', 'review'],
};

/** The core runs in the desktop extension host, in a web worker and on the command line alike. */
const core = ['place', 'series', 'patch', 'code', 'prose', 'kernel', 'machine', 'host', 'scenario', 'review', 'report'];

/** A folder or a file of src/, as the start of a path: `src/code/…`, `src/place.ts`. */
const under = (names) => `^src/(${names.join('|')})(/|\\.)`;

const layerRules = Object.entries(layers).map(([folder, allowed]) => ({
  name: `layer-${folder}`,
  comment: `${folder} may import ${allowed.join(', ') || 'nothing of src/'}`,
  severity: 'error',
  from: { path: under([folder]) },
  to: { path: '^src/', pathNot: under([folder, ...allowed]) },
}));

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'known-folder',
      comment: 'a new folder of src/ needs its line in the table',
      severity: 'error',
      from: { path: '^src/', pathNot: [under(Object.keys(layers)), '\\.d\\.ts$'] },
      to: {},
    },
    {
      name: 'core-is-pure',
      comment: 'the core knows neither VS Code nor Node',
      severity: 'error',
      from: { path: under([...core, 'topology', 'protocol']) },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'vscode-stays-in-the-editor',
      comment: 'only editor/ speaks to VS Code',
      severity: 'error',
      from: { path: '^src/', pathNot: under(['editor']) },
      to: { path: '(^|/)(vscode|@types/vscode)($|/)' },
    },
    {
      name: 'grammar-stays-in-code',
      comment: 'only code/ speaks to the C parser',
      severity: 'error',
      from: { path: '^src/', pathNot: under(['code']) },
      to: { path: '(^|/)(web-tree-sitter|tree-sitter-c)($|/)' },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.d.ts', '.mjs', '.js', '.json'] },
  },
};
