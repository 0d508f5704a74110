import * as field from './field.ts'
import { FOLDER } from './forms.ts'

/** Keys of the sink `parquet`. */
export const PARQUET = field.section('Parquet files, the default store: `marketprism query` reads them.', {
  enabled: field.boolean('Whether records go there.', true),
  folder: field.text(
    'Where the store is. On a disk with room: segments of the journal become files of a tenth of their size.',
    FOLDER,
    './data/parquet',
  ),
  memory_mb: field.integer(
    'Memory that the conversion of one segment may take; what does not fit goes to a temporary file in the store.',
    { value: 512, min: 128, max: 65_536 },
  ),
  deadline_seconds: field.integer(
    'The conversion of one segment is ended after this time, and tried again.',
    {
      value: 600,
      min: 10,
      max: 86_400,
    },
  ),
})
