import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { metricsFormat } from '../../src/http/negotiation.ts'

/** What asks, and what it gets. */
const ACCEPTS: readonly (readonly [who: string, accept: string | undefined, format: string])[] = [
  [
    'Prometheus 2.42',
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'openmetrics',
  ],
  [
    'Prometheus 3',
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'openmetrics',
  ],
  ['Prometheus told to take plain text', 'text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'text'],
  ['curl', '*/*', 'text'],
  ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
  ['one that says nothing', undefined, 'text'],
  ['one that says nothing in words', '', 'text'],
  ['one that likes plain text better', 'application/openmetrics-text;q=0.4, text/plain;q=0.5', 'text'],
  ['one that likes both', 'text/plain, application/openmetrics-text', 'openmetrics'],
  ['one that spells it its own way', 'Application/OpenMetrics-Text ; Version=1.0.0 ; Q=0.9', 'openmetrics'],
  ['one that does not want it', 'application/openmetrics-text;q=0', 'text'],
  ['one that knows only another version', 'application/openmetrics-text;version=0.0.1', 'text'],
  ['one whose wish is no number', 'application/openmetrics-text;q=much', 'text'],
  ['one that takes neither', 'image/png', 'text'],
]

suite('metrics', () => {
  for (const [who, accept, format] of ACCEPTS) {
    test(`for ${who} are ${format}`, () => {
      assert.equal(metricsFormat(accept), format)
    })
  }
})
