// Imported into the server by `--import`, with `--expose-gc`: answers what memory is in use, in bytes.
process.on('message', () => {
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, rss } = process.memoryUsage()
  process.send({ heapUsed, rss })
})
// The channel alone does not keep the process alive.
process.channel?.unref()
