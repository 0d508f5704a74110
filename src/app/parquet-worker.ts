import { FailureError } from '../core/errors.ts'
import { SystemFiles } from '../runtime/system-files.ts'
import { convertSegment } from '../sinks/parquet/convert.ts'
import { readJob, type WorkerAnswer } from './parquet-child.ts'
import { isAsSealed, segmentBlocks } from './segment-blocks.ts'

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
    const tools = {
      files,
      blocks: (path: string) => segmentBlocks(path, files),
      isAsSealed: (path: string) => isAsSealed(path, files),
    }
    await convertSegment(readJob(process.argv[2]), tools)
    return { name: 'stored' }
  } catch (failure) {
    if (!(failure instanceof FailureError)) throw failure
    const { code, message, retryable } = failure
    return { name: 'failed', code, message, retryable }
  }
}
