/**
 * Who may import whom. The picture is in docs/ARCHITECTURE.md.
 * A name is a folder of src; a name that ends in .ts is that one file of it.
 */
const ALL = ['*']
/** A description of a venue, and the table that turns its symbols into slots. */
const VENUE_CONTRACT = ['venues/venue.ts', 'venues/symbols.ts']
const SINK_CONTRACT = 'sinks/sink.ts'

const rooms = {
  core: [],
  book: ['core'],
  venues: ['core', 'book'],
  runtime: ['core'],
  telemetry: ['core', 'runtime'],
  feed: ['core', 'runtime', 'telemetry', ...VENUE_CONTRACT],
  journal: ['core', 'runtime', 'telemetry'],
  pipeline: ['core', 'book', ...VENUE_CONTRACT, 'journal', 'runtime', 'telemetry'],
  sinks: ['core', 'runtime', 'telemetry'],
  delivery: ['core', 'journal', SINK_CONTRACT, 'telemetry', 'runtime'],
  health: ['core', 'telemetry'],
  governor: ['core', 'telemetry'],
  supervisor: ['core', 'runtime', 'telemetry', 'health', 'governor'],
  http: ['core', 'telemetry', 'health'],
  alerts: ['core', 'runtime', 'telemetry'],
  emulator: ['core', 'book', 'venues', 'runtime'],
  config: ['core'],
  app: ALL,
  cli: ['app', 'config'],
}

/** The only files that may import an npm package. */
const packages = {
  ws: ['src/runtime/system-sockets.ts', 'src/emulator/server.ts'],
  yaml: ['src/config/loader.ts'],
  '@nats-io/transport-node': ['src/sinks/nats/connection.ts'],
  '@nats-io/jetstream': ['src/sinks/nats/streams.ts'],
  '@clickhouse/client': ['src/sinks/clickhouse/client.ts'],
  '@duckdb/node-api': ['src/sinks/parquet/duckdb.ts'],
  'prom-client': ['src/supervisor/metrics/exposition.ts'],
}

/** Where Node's own modules may be imported. */
const nodeModulesOf = ['src/runtime/', 'src/cli/', 'src/app/', 'src/emulator/', 'src/config/loader.ts']

const escape = (text) => text.replaceAll('.', '\\.')
const anyOf = (paths) => paths.map((path) => `^${escape(path)}${path.endsWith('.ts') ? '$' : ''}`).join('|')
const srcPaths = (names) => names.map((name) => `src/${name}${name.endsWith('.ts') ? '' : '/'}`)
const everyRoom = anyOf(srcPaths(Object.keys(rooms)))

const roomRules = Object.entries(rooms)
  .filter(([, uses]) => uses !== ALL)
  .map(([name, uses]) => ({
    name: `${name}-stays-in-its-place`,
    severity: 'error',
    from: { path: `^src/${name}/` },
    to: { path: '^src/', pathNot: anyOf(srcPaths([name, ...uses])) },
  }))

// The types of a package count as the package.
const packagePath = (name) => `(^|/)node_modules/(@types/)?${escape(name)}/`
const packageRules = Object.entries(packages).map(([name, files]) => ({
  name: `${name}-only-in-its-place`,
  severity: 'error',
  from: { path: '^src/', pathNot: anyOf(files) },
  to: { path: packagePath(name) },
}))

module.exports = {
  forbidden: [
    ...roomRules,
    ...packageRules,
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every-file-has-a-room',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: everyRoom },
    },
    {
      name: 'every-importer-has-a-room',
      severity: 'error',
      from: { path: '^src/', pathNot: everyRoom },
      to: {},
    },
    {
      name: 'src-stands-alone',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench|scripts|web)/' },
    },
    {
      name: 'a-venue-knows-no-other',
      severity: 'error',
      from: { path: '^src/venues/([^/]+)/' },
      to: { path: '^src/venues/([^/]+)/', pathNot: '^src/venues/$1/' },
    },
    {
      name: 'a-sink-knows-no-other',
      severity: 'error',
      from: { path: '^src/sinks/([^/]+)(/|\\.ts$)' },
      to: { path: '^src/sinks/', pathNot: `^src/sinks/$1(/|\\.ts$)|${anyOf(srcPaths([SINK_CONTRACT]))}` },
    },
    {
      name: 'a-package-has-an-owner',
      comment: 'A package of node_modules that is not in the table "packages"',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        path: '(^|/)node_modules/',
        pathNot: Object.keys(packages).map(packagePath).join('|'),
      },
    },
    {
      name: 'one-door-outside',
      severity: 'error',
      from: { path: '^src/', pathNot: anyOf(nodeModulesOf) },
      to: { dependencyTypes: ['core'] },
    },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    // The NATS packages say only in `exports` where they begin.
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
}
