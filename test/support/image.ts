import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'

/*
 * The image, built from the Dockerfile by buildah and run by the kernel's own means, so that no container engine with a
 * service is needed: namespaces of its own for mounts and processes, its root mounted read-only, its volume over it.
 */

const PROGRAMS = ['buildah', 'debootstrap', 'unshare', 'nsenter', 'chroot', 'mount']
/** The major version that comes with Node 24. */
const NPM = 'npm@11'
/** Where npm finds its configuration during the build; no file of the image. */
const NPMRC = '/root/.npmrc'
const CERTIFICATES = '/run/npm-certificates.crt'

/** What an image says of how it is run. */
export interface ImageConfig {
  readonly User: string
  readonly WorkingDir: string
  readonly Env: readonly string[]
  readonly Entrypoint: readonly string[]
  readonly Cmd: readonly string[] | null
  readonly Volumes: Readonly<Record<string, unknown>>
  readonly ExposedPorts: Readonly<Record<string, unknown>>
  readonly Labels: Readonly<Record<string, string>>
  readonly Healthcheck: { readonly Test: readonly string[] }
}

export interface Ended { readonly code: number | null, readonly out: string, readonly err: string }

export interface RunOptions {
  /** What stands behind the name of the image. */
  readonly args?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** The folder of the volume; left out: a new one. */
  readonly volume?: string
}

/** A container of the image. */
export interface Container {
  /** What it has printed so far. */
  readonly printed: () => string
  /** Resolves when it has printed something. */
  readonly hasPrinted: (what: RegExp) => Promise<void>
  readonly ended: Promise<Ended>
  /** The number of its process 1, as seen from outside. */
  readonly pid: () => number
  /** Runs a command in it, as the user of the image if it is not said otherwise. */
  readonly exec: (command: readonly string[], user?: string) => Promise<Ended>
  /** Runs the health check of the image in it. */
  readonly health: () => Promise<Ended>
}

export interface Image {
  readonly config: ImageConfig
  /** The folder that is its root. */
  readonly root: string
  /** Bytes. */
  readonly size: { readonly base: number, readonly added: number }
  /** A new folder as an engine makes a volume: with what the image has in its place, and with its owner. */
  readonly newVolume: () => string
  readonly run: (t: Test, options?: RunOptions) => Container
}

/** Why no image can be built here, for the option `skip` of tests, told loudly; false when it can. */
export function whyNoImage (): string | false {
  const missing = [
    ...PROGRAMS.filter(program => !(process.env.PATH ?? '').split(':').some(folder => existsSync(join(folder, program)))),
    ...(process.getuid?.() === 0 ? [] : ['the rights of root'])
  ]
  if (missing.length === 0) return false
  const skip = `NO CONTAINER, so the image was neither built nor run: ${missing.join(', ')} missing`
  process.stderr.write(`\n*** ${skip} ***\n\n`)
  return skip
}

/** Builds the image, in a folder that goes when the test ends. */
export async function buildImage (t: Test): Promise<Image> {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-image-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  // vfs needs nothing of the kernel or the file system.
  const buildah = async (...args: string[]): Promise<string> =>
    await outputOf('buildah', ['--root', `${folder}/store`, '--runroot', `${folder}/run`, '--storage-driver', 'vfs', ...args])

  await makeBase(buildah)
  await buildah(
    'build', '--isolation', 'chroot', '--pull-never', '--tag', 'wooshpay-sandbox',
    // Every layer would be a copy of all those below it; and health checks are lost in the other format.
    '--layers=false', '--format', 'docker',
    ...npmVolumes(folder), '.'
  )
  const inspected = JSON.parse(await buildah('inspect', '--type', 'image', 'wooshpay-sandbox')) as { Docker: { config: ImageConfig }, Manifest: string }
  const { config } = inspected.Docker
  const [base = 0, added = 0] = (JSON.parse(inspected.Manifest) as { layers: Array<{ size: number }> }).layers.map(({ size }) => size)
  const root = await buildah('mount', await buildah('from', '--pull-never', 'wooshpay-sandbox'))
  const [mountPoint = ''] = Object.keys(config.Volumes)
  let volumes = 0
  const newVolume = (): string => {
    const volume = `${folder}/volume-${++volumes}`
    // Of these only cp keeps the owner.
    execFileSync('cp', ['-a', root + mountPoint, volume])
    return volume
  }
  return { config, root, size: { base, added }, newVolume, run: (t, options = {}) => run(t, { config, root, mountPoint }, { volume: newVolume(), ...options }) }
}

/**
 * Makes what stands in for the base of the Dockerfile, under its name: the same release of Debian with the same major
 * version of Node, from their packages.
 */
async function makeBase (buildah: (...args: string[]) => Promise<string>): Promise<void> {
  const [, name = '', node = '', suite = ''] = /^FROM (node:(\d+)-(\w+)-slim)$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? []
  const container = await buildah('from', 'scratch')
  const root = await buildah('mount', container)
  await outputOf('debootstrap', ['--variant=minbase', suite, root])
  await outputOf('npm', ['install', '--silent', '--global', '--ignore-scripts', '--prefix', `${root}/usr/local`, `node-linux-${process.arch}@${node}`, NPM])
  // As the base has it: what the Dockerfile says has to replace both.
  await buildah('config', '--entrypoint', '["docker-entrypoint.sh"]', '--cmd', 'node', container)
  await buildah('commit', '--quiet', '--format', 'docker', '--rm', container, `docker.io/library/${name}`)
}

/** Lends this machine's configuration of npm to the build, such as the address of a mirror, without leaving it in the image. */
function npmVolumes (folder: string): string[] {
  const setting = (name: string): string | undefined => {
    const value = execFileSync('npm', ['config', 'get', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return ['', 'null', 'undefined'].includes(value) ? undefined : value
  }
  const own = setting('userconfig')
  const certificates = setting('cafile') ?? process.env.NODE_EXTRA_CA_CERTS
  writeFileSync(`${folder}/npmrc`, [
    own !== undefined && existsSync(own) ? readFileSync(own, 'utf8') : '',
    `registry=${setting('registry')}`,
    ...(certificates === undefined ? [] : [`cafile=${CERTIFICATES}`])
  ].join('\n'))
  return [
    '--volume', `${folder}/npmrc:${NPMRC}:ro`,
    ...(certificates === undefined ? [] : ['--volume', `${certificates}:${CERTIFICATES}:ro`])
  ]
}

function run (
  t: Test, { config, root, mountPoint }: { config: ImageConfig, root: string, mountPoint: string }, { args = [], environment = {}, volume }: RunOptions & { volume: string }
): Container {
  const variables = [...config.Env, ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)]
  // With nothing of this process's environment.
  const inEnvironment = (command: readonly string[]): string[] => ['env', '-i', `--chdir=${config.WorkingDir}`, ...variables, ...command]
  const command = [...config.Entrypoint, ...(args.length > 0 ? args : config.Cmd ?? [])]
  const child = spawn('unshare', ['--mount', '--pid', '--fork', '--', 'sh', '-ec', `
    mount --bind "$1" "$1"
    mount --bind "$2" "$1$3"
    mount --rbind /dev "$1/dev"
    mount -t proc proc "$1/proc"
    mount -o remount,bind,ro "$1"
    root=$1 user=$4
    shift 4
    exec chroot --groups= --userspec="$user" "$root" "$@"
  `, 'sh', root, volume, mountPoint, config.User, ...inEnvironment(command)], { stdio: ['ignore', 'pipe', 'pipe'] })

  let out = ''
  let err = ''
  child.stdout.on('data', part => { out += String(part) })
  child.stderr.on('data', part => { err += String(part) })
  const ended = once(child, 'close').then(([code]: Array<number | null>) => ({ code: code ?? null, out, err }))
  const pid = (): number => {
    const [first] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').split(' ')
    if (first === undefined || first === '') throw new Error('The container has no process.')
    return Number(first)
  }
  // With its process 1 all of its processes end.
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(pid(), 'SIGKILL')
    await ended
  })
  const exec = async (command: readonly string[], user = config.User): Promise<Ended> => {
    const [uid, gid] = user.split(':')
    const entered = spawn('nsenter', [
      '--target', String(pid()), '--mount', '--pid', '--root', '--setuid', String(uid), '--setgid', String(gid), '--', ...inEnvironment(command)
    ], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    entered.stdout.on('data', part => { out += String(part) })
    entered.stderr.on('data', part => { err += String(part) })
    const [code] = await once(entered, 'close') as [number | null]
    return { code, out, err }
  }
  return {
    ended,
    pid,
    exec,
    printed: () => out,
    hasPrinted: async what => {
      while (!what.test(out)) {
        const end = await Promise.race([once(child.stdout, 'data').then(() => undefined), ended])
        if (end !== undefined && !what.test(out)) throw new Error(`It ended with ${end.code} and had not printed ${String(what)}: ${end.out}${end.err}`)
      }
    },
    health: async () => {
      const [form, ...command] = config.Healthcheck.Test
      if (form !== 'CMD') throw new Error(`The health check is no list of arguments: ${String(form)}`)
      return await exec(command)
    }
  }
}

/** Runs a program of this machine; what it says stands in the error if it fails. */
async function outputOf (program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 64 * 1024 * 1024 }).catch((error: Error & { stdout?: string, stderr?: string }) => {
    throw new Error(`${error.message}\n${error.stdout?.slice(-2000) ?? ''}\n${error.stderr?.slice(-2000) ?? ''}`)
  })
  return stdout.trim()
}
