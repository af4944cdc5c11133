import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection, createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findTool, runToolOk } from '@varve/test-kit/tools'
import type { Command } from './run-timed.ts'

/** A server for scp on loopback with keys, configuration and port of its own; ended and removed at disposal. */
export interface SshServer extends AsyncDisposable {
  /** The command that copies a local file to `target` through the server. */
  copy(file: string, target: string): Command
}

export async function startSshServer(): Promise<SshServer> {
  const folder = mkdtempSync(join(tmpdir(), 'varve-bench-ssh-'))
  const key = (name: string) => join(folder, name)
  for (const name of ['host', 'user']) {
    await runToolOk('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key(name)])
  }
  const port = await freePort()
  writeFileSync(key('config'), configOf({ port, folder }))
  // Its child for an unprivileged step changes into this folder, which must be there.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true })
  const server = spawn(findTool('sshd') ?? 'sshd', ['-D', '-e', '-f', key('config')], { stdio: 'ignore' })
  await answering(port, server)
  const user = userInfo().username
  const trust = ['-o', 'StrictHostKeyChecking=no', '-o', `UserKnownHostsFile=${key('known')}`, '-q']
  return {
    copy: (file, target) => ({
      file: findTool('scp') ?? 'scp',
      args: [
        '-F',
        'none',
        '-i',
        key('user'),
        '-P',
        String(port),
        ...trust,
        file,
        `${user}@127.0.0.1:${target}`,
      ],
    }),
    async [Symbol.asyncDispose]() {
      const ended = new Promise((done) => server.on('exit', done))
      server.kill('SIGTERM')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function configOf({ port, folder }: { readonly port: number; readonly folder: string }): string {
  return [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host')}`,
    `PidFile ${join(folder, 'pid')}`,
    `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'UsePAM no',
    'Subsystem sftp internal-sftp',
    '',
  ].join('\n')
}

/** Waits until something listens at the port; throws when the server ends before. */
export async function answering(port: number, server: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}`)
    const isOpen = await new Promise<boolean>((done) => {
      const socket = createConnection(port, '127.0.0.1', () => {
        socket.destroy()
        done(true)
      })
      socket.on('error', () => done(false))
    })
    if (isOpen) return
    await sleep(25)
  }
  throw new Error('the server does not answer')
}

async function freePort(): Promise<number> {
  return await new Promise((done, fail) => {
    const probe = createServer()
    probe.once('error', fail)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() =>
        address !== null && typeof address === 'object' ? done(address.port) : fail(new Error('no port')),
      )
    })
  })
}
