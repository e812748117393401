import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Only since the sandbox is a link here: installed from a registry, it is not transformed anyway.
  test: { server: { deps: { external: [/\/dist\/[^/]+\.js$/] } } }
})
