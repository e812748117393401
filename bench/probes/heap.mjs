// Imported into the server by `--import`, with `--expose-gc`: answers the bytes of heap that are in use.
process.on('message', () => {
  globalThis.gc()
  globalThis.gc()
  process.send(process.memoryUsage().heapUsed)
})
// The channel alone does not keep the process alive.
process.channel?.unref()
