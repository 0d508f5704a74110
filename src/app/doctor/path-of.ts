/** A path of the configuration as one that can be opened, wherever the process stands. */
export type PathOf = (path: string) => string
