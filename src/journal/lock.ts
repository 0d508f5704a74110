/** The file that names the process which writes the journal in `folder`. */
export const journalLock = (folder: string): string => `${folder}/lock`
