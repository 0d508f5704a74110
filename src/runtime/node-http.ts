/**
 * Node's HTTP. Not by `import`: that reads every export of the module, and one of them is a WebSocket client with all of HTTP/2, which
 * nobody here uses and which takes ten megabytes of each process.
 */
export const { Agent, createServer, request, STATUS_CODES } = process.getBuiltinModule('node:http')
