import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget'
import { Namespace } from 'kubernetes-models/v1/Namespace'
import { Service } from 'kubernetes-models/v1/Service'
import { parse, parseAllDocuments } from 'yaml'
import { bridgeRule, prometheusRule } from '../../ops/source/deployment.ts'
import { selectorsOf } from '../../ops/source/promql.ts'
import { rulesText } from '../../ops/source/rules.ts'
import { loadSite } from '../../ops/source/site.ts'
import { findCommand } from '../../scripts/tools.ts'
import { judgeMemory } from '../../src/app/doctor/limits.ts'
import { PATHS } from '../../src/http/routes.ts'
import {
  bytesOf,
  commandFault,
  configOf,
  DEFAULTS,
  Node,
  PACKAGE_VERSION,
  ROOT,
  STOP_SECONDS,
  textOf,
  yamlOf,
} from './deployment-files.ts'

interface Part {
  readonly folder: string
  /** The file that becomes the ConfigMap. */
  readonly config: string
  /** The job of Prometheus that rules ask for. */
  readonly job: string
  /** Of the container and the service, by name. */
  readonly ports: Readonly<Record<string, number>>
  readonly probePort: string
  readonly monitoredPort: string
  /** Of startup, liveness and readiness. */
  readonly probes: readonly string[]
}

const COLLECTOR: Part = {
  folder: 'ops/kubernetes',
  config: 'marketprism.yaml',
  job: 'collector',
  ports: { probes: DEFAULTS.http.healthPort, metrics: DEFAULTS.http.metricsPort },
  probePort: 'probes',
  monitoredPort: 'metrics',
  probes: ['/health', '/live', '/ready'],
}
const PARTS: readonly Part[] = [
  COLLECTOR,
  {
    folder: 'ops/kubernetes/alert-bridge',
    config: 'alerts.yaml',
    job: 'alert-bridge',
    ports: { http: DEFAULTS.alerts.port },
    probePort: 'http',
    monitoredPort: 'http',
    probes: ['/live', '/live', '/ready'],
  },
]

const manifest = ({ folder }: Part, name: string): Node => yamlOf(`${folder}/${name}.yaml`)
const podOf = (part: Part): Node => manifest(part, 'statefulset').at('spec', 'template', 'spec')
const containerOf = (part: Part): Node => podOf(part).at('containers', 0)

const isWithin = (some: Node, all: Node): boolean =>
  some.keys.length > 0 && some.entries.every(([key, value]) => all.at(key).text === value.text)

/** What Kubernetes says of a manifest: throws where it would refuse it. */
function validate(node: Node): void {
  const document = Object(node.value)
  const kind = node.at('kind').text
  if (kind === 'StatefulSet') return new StatefulSet(document).validate()
  if (kind === 'Service') return new Service(document).validate()
  if (kind === 'Namespace') return new Namespace(document).validate()
  if (kind === 'PodDisruptionBudget') return new PodDisruptionBudget(document).validate()
  throw new Error(`no model of ${kind}`)
}

for (const name of ['namespace', 'poddisruptionbudget']) {
  test(`${name}.yaml is valid to Kubernetes`, () => validate(manifest(COLLECTOR, name)))
}

test('the models refuse what is wrong', () => {
  const wrong = structuredClone(Object(manifest(COLLECTOR, 'statefulset').value))
  wrong.spec.replicas = 'one'
  assert.throws(() => validate(new Node(wrong)))
})

const kubectl = findCommand('kubectl')

for (const part of PARTS) {
  const { folder } = part
  const set = manifest(part, 'statefulset')
  const service = manifest(part, 'service')
  const monitor = manifest(part, 'servicemonitor')
  const container = containerOf(part)

  test(`${folder} is valid to Kubernetes`, () => {
    validate(set)
    validate(service)
  })

  test(`${folder}/kustomization.yaml names every manifest, and the image of this version`, () => {
    const kustomization = manifest(part, 'kustomization')
    const files = globSync(`${folder}/*.yaml`, { cwd: ROOT }).map((path) => basename(path))
    const manifests = files.filter((file) => !['kustomization.yaml', part.config].includes(file))
    assert.deepEqual(kustomization.at('resources').texts.toSorted(), manifests.toSorted())
    assert.equal(kustomization.at('images', 0, 'newTag').text, PACKAGE_VERSION)
    assert.equal(kustomization.at('images', 0, 'name').text, container.at('image').text)
  })

  test(
    `kubectl puts ${folder} together, with the configuration under a name of its own`,
    { skip: kubectl === undefined ? 'kubectl is not on this machine' : false },
    () => {
      const built = spawnSync(kubectl ?? '', ['kustomize', folder], { cwd: ROOT, encoding: 'utf8' })
      assert.equal(built.status, 0, built.stderr)
      const all = parseAllDocuments(built.stdout).map((document) => new Node(document.toJS()))
      const oneOf = (kind: string): Node =>
        all.find((node) => node.at('kind').text === kind) ?? new Node(undefined)
      const pod = oneOf('StatefulSet').at('spec', 'template', 'spec')
      assert.equal(pod.at('containers', 0, 'image').text, `marketprism:${PACKAGE_VERSION}`)
      const config = oneOf('ConfigMap').at('metadata', 'name').text
      assert.match(config, /^marketprism(-\w+)+$/)
      const mounted = pod.at('volumes').items.map((volume) => volume.at('configMap', 'name').text)
      assert.ok(mounted.includes(config))
      const namespaced = all.filter((node) => node.at('kind').text !== 'Namespace')
      for (const node of namespaced) assert.equal(node.at('metadata', 'namespace').text, 'marketprism')
    },
  )

  test(`${folder} runs one pod at a time, on a volume that one pod may have`, () => {
    assert.equal(set.at('spec', 'replicas').value, 1)
    const claim = set.at('spec', 'volumeClaimTemplates', 0)
    assert.deepEqual(claim.at('spec', 'accessModes').texts, ['ReadWriteOncePod'])
    const mounts = container.at('volumeMounts').items
    const data = mounts.find((mount) => mount.at('name').text === claim.at('metadata', 'name').text)
    assert.equal(data?.at('mountPath').text, '/data')
  })

  test(`${folder}: probes ask paths that the program answers, at its port`, () => {
    const gets = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) =>
      container.at(probe, 'httpGet'),
    )
    const paths = gets.map((get) => get.at('path').text)
    assert.deepEqual(paths, part.probes)
    for (const get of gets) assert.equal(get.at('port').text, part.probePort)
    for (const path of paths)
      assert.ok(
        PATHS.some((known) => known === path),
        path,
      )
  })

  test(`${folder}: ports are those of the configuration, by the same names everywhere`, () => {
    const ports = container.at('ports').items
    const served = service.at('spec', 'ports').items
    const named = (list: readonly Node[], key: string): object =>
      Object.fromEntries(list.map((port) => [port.at('name').text, port.at(key).value]))
    assert.deepEqual(named(ports, 'containerPort'), part.ports)
    assert.deepEqual(named(served, 'port'), part.ports)
    for (const port of served) assert.equal(port.at('targetPort').text, port.at('name').text)
  })

  test(`${folder} is as restricted as the namespace demands, and has time for a clean end`, () => {
    const pod = podOf(part)
    assert.deepEqual(pod.at('securityContext').value, {
      runAsNonRoot: true,
      runAsUser: 1_000,
      runAsGroup: 1_000,
      fsGroup: 1_000,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    })
    assert.deepEqual(container.at('securityContext').value, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    assert.equal(pod.at('automountServiceAccountToken').value, false)
    assert.equal(pod.at('enableServiceLinks').value, false)
    assert.ok(Number(pod.at('terminationGracePeriodSeconds').value) > STOP_SECONDS)
  })

  test(`${folder}: service and monitor select what there is`, () => {
    const labels = set.at('spec', 'template', 'metadata', 'labels')
    assert.ok(isWithin(set.at('spec', 'selector', 'matchLabels'), labels))
    assert.ok(isWithin(service.at('spec', 'selector'), labels))
    assert.ok(isWithin(monitor.at('spec', 'selector', 'matchLabels'), service.at('metadata', 'labels')))
    assert.equal(set.at('spec', 'serviceName').text, service.at('metadata', 'name').text)
  })

  test(`${folder}: Prometheus scrapes it as the job that rules ask for, also while it is not ready`, () => {
    const label = monitor.at('spec', 'jobLabel').text
    assert.equal(service.at('metadata', 'labels', label).text, part.job)
    const endpoint = monitor.at('spec', 'endpoints', 0)
    assert.equal(endpoint.at('port').text, part.monitoredPort)
    assert.equal(endpoint.at('path').text, '/metrics')
    assert.equal(service.at('spec', 'publishNotReadyAddresses').value, true)
  })
}

/** Expressions of rules, below the keys that lead to their groups. */
const exprsOf = (text: string, ...path: readonly string[]): readonly string[] =>
  new Node(parse(text))
    .at(...path, 'groups')
    .items.flatMap((group) => group.at('rules').items)
    .map((rule) => rule.at('expr').text)

const jobsOf = (exprs: readonly string[]): ReadonlySet<string> =>
  new Set(
    exprs.flatMap((expr) =>
      selectorsOf(expr).flatMap(({ metric, job }) => (metric.includes(':') ? [] : (job ?? ''))),
    ),
  )

for (const part of PARTS) {
  test(`${part.folder}: every job that its rules read is made by its own monitor`, () => {
    const text = textOf(`${part.folder}/prometheusrule.yaml`)
    assert.deepEqual([...jobsOf(exprsOf(text, 'spec'))], [part.job])
    assert.deepEqual(
      [...new Set([...text.matchAll(/job=~?"([^"]*)"/g)].map(([, job]) => job))],
      [part.job],
      'also within absent()',
    )
  })
}

test('rules about Prometheus and Alertmanager of a cluster come with the names of their jobs, and each by itself', () => {
  // One is called as the other is by us.
  const kubernetes_jobs = { alertmanager: 'prometheus', prometheus: 'kube/prometheus' }
  const exprs = exprsOf(prometheusRule({ ...loadSite(), kubernetes_jobs }), 'spec')
  assert.deepEqual([...jobsOf(exprs)].toSorted(), ['collector', 'kube/prometheus', 'prometheus'])
  const one = { ...loadSite(), kubernetes_jobs: { prometheus: 'kube-prometheus' } }
  const jobs = jobsOf(exprsOf(prometheusRule(one), 'spec'))
  assert.deepEqual([...jobs].toSorted(), ['collector', 'kube-prometheus'])
})

test('both parts of the manifests together have every rule that there is, once the jobs are named', () => {
  const kubernetes_jobs = { alertmanager: 'alertmanager', prometheus: 'prometheus' }
  const site = { ...loadSite(), kubernetes_jobs }
  const both = [...exprsOf(prometheusRule(site), 'spec'), ...exprsOf(bridgeRule(site), 'spec')]
  assert.deepEqual(both.toSorted(), exprsOf(rulesText(site)).toSorted())
})

test('the namespace takes restricted pods only, and the budget is for the collector', () => {
  const namespace = manifest(COLLECTOR, 'namespace').at('metadata', 'labels')
  assert.equal(namespace.at('pod-security.kubernetes.io/enforce').text, 'restricted')
  const budget = manifest(COLLECTOR, 'poddisruptionbudget').at('spec')
  const labels = manifest(COLLECTOR, 'statefulset').at('spec', 'template', 'metadata', 'labels')
  assert.ok(isWithin(budget.at('selector', 'matchLabels'), labels))
  assert.equal(budget.at('maxUnavailable').value, 0)
})

test('the collector has the memory of the report, and what it may take by its own limits fits', () => {
  const { value } = containerOf(COLLECTOR).at('resources')
  assert.deepEqual(value, { requests: { cpu: '500m', memory: '2Gi' }, limits: { memory: '4Gi' } })
  const memoryBytes = bytesOf('4Gi')
  assert.equal(judgeMemory({ memoryBytes, machineMemoryBytes: 2 * memoryBytes }, DEFAULTS).result, 'ok')
})

test('the volume of the collector has room for all that its journal may take', () => {
  const claim = manifest(COLLECTOR, 'statefulset').at('spec', 'volumeClaimTemplates', 0, 'spec', 'resources')
  const { journal } = configOf(textOf('ops/kubernetes/marketprism.yaml'))
  assert.ok(bytesOf(claim.at('requests', 'storage').text) > journal.limitBytes + journal.freeBytes)
})

test('a collector that its supervisor kills and starts again is not killed by Kubernetes as well', () => {
  const probe = containerOf(COLLECTOR).at('livenessProbe')
  const seconds = Number(probe.at('periodSeconds').value) * Number(probe.at('failureThreshold').value)
  const { killSeconds, unhealthySeconds } = DEFAULTS.supervisor
  assert.ok(seconds > 2 * (killSeconds + unhealthySeconds), `${seconds} s`)
})

test('the bridge runs a command that there is, with the secrets that are mounted', () => {
  const [, bridge] = PARTS
  assert.ok(bridge !== undefined)
  const container = containerOf(bridge)
  assert.equal(commandFault(container.at('args').texts), undefined)
  const { alerts } = configOf(textOf(`${bridge.folder}/alerts.yaml`))
  const mounts = container.at('volumeMounts').items.map((mount) => mount.at('mountPath').text)
  const files = alerts.robots.flatMap((robot) => [robot.webhookUrlFile ?? '', robot.secretFile ?? ''])
  for (const path of [...files, alerts.folder]) {
    assert.ok(
      mounts.some((mount) => path.startsWith(`${mount}/`)),
      path,
    )
  }
})
