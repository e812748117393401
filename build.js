import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

/*
 * Builds what ships and runs, in `dist`: the program and the library, which share what they load in files of its own,
 * and the script of the pages. Few files, since most of a start is finding and reading them (CONTRIBUTING.md has the
 * figures). The library's types are built by rollup.config.js.
 */

const FOLDER = 'dist'
const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'))

rmSync(FOLDER, { recursive: true, force: true })
const server = await build({
  entryPoints: ['src/main.ts', 'src/index.ts'],
  outdir: FOLDER,
  bundle: true,
  splitting: true,
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // Packages in two forms are taken as modules: what is imported later from CommonJS has no names in a bundle.
  mainFields: ['module', 'main'],
  // What is installed beside it: their own files are read at run time.
  external: Object.keys(dependencies),
  // CommonJS packages ask for Node's modules by `require`.
  banner: { js: 'import { createRequire } from \'node:module\'; const require = createRequire(import.meta.url);' }
})
const pages = await build({
  entryPoints: ['src/html/browser/sandbox.ts'], outdir: FOLDER, bundle: true, metafile: true, platform: 'browser', format: 'esm', target: 'es2022'
})
writeFileSync(`${FOLDER}/licenses.txt`, [server, pages].flatMap(({ metafile }) => Object.keys(metafile.inputs)).reduce(withPackage, []).map(notice).join('\n'))

/** The folders of packages, each once. */
function withPackage (folders, input) {
  const [folder] = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []
  return folder === undefined || folders.includes(folder) ? folders : [...folders, folder]
}

/** The notice that a package's license wants to be kept with its code. */
function notice (folder) {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'))
  const file = readdirSync(folder).find(name => /^(licen[cs]e|copying)/i.test(name))
  return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(`${folder}/${file}`, 'utf8')}\n`
}
