import { FailureError } from '../core/errors.ts'
import { SystemFiles } from '../runtime/system-files.ts'
import { convertSegment } from '../sinks/parquet/convert.ts'
import { readJob, type WorkerAnswer } from './parquet-child.ts'
import { segmentBlocks } from './segment-blocks.ts'

/*
 * The process that converts one segment and ends: src/app/parquet-child.ts starts it, with the job as its argument.
 */

// Without the process that asked for it nobody would end this one at its deadline.
process.on('disconnect', () => process.exit(1))

const answer = await run()
process.send?.(answer, () => process.disconnect())

async function run(): Promise<WorkerAnswer> {
  const files = new SystemFiles()
  try {
    await convertSegment(readJob(process.argv[2]), { files, blocks: (path) => segmentBlocks(path, files) })
    return { name: 'stored' }
  } catch (failure) {
    if (!(failure instanceof FailureError)) throw failure
    const { code, message, retryable } = failure
    return { name: 'failed', code, message, retryable }
  }
}
