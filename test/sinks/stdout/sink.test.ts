import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { outputStream } from '../../../src/app/output-stream.ts'
import { StdoutSink } from '../../../src/sinks/stdout/sink.ts'
import { Course, until } from '../course.ts'

test('a reader that has gone is told as trouble that needs a person, and nothing counts as delivered', async () => {
  await using course = new Course(100_000)
  const reader = spawn('cat', [], { stdio: ['pipe', 'ignore', 'ignore'] })
  const exit = once(reader, 'exit')
  reader.kill('SIGKILL')
  await exit
  const stream = outputStream(reader.stdin as unknown as NodeJS.WriteStream)
  course.write(100)
  const sink = new StdoutSink((bytes) => stream.writeBytes(bytes))
  const life = course.begin({ kind: 'records', sink })
  await until('trouble', () => life.loop.trouble !== undefined)
  const failed = course.events.find((event) => event.type === 'sink_failed')
  assert.equal(failed?.code, 'unreachable')
  assert.ok(failed.waitMs >= 10_000)
  await life.stop()
  assert.equal(course.cursorOf('stdout').delivered.total, 0)
})
