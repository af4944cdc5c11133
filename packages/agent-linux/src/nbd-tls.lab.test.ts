import { join } from 'node:path'
import { startLab, type Lab } from '@varve/lab/machine/start-lab'
import { findLab } from '@varve/lab/testing/lab-of-tests'
import { testAuthority, writeCertificateFolder } from '@varve/test-kit/certificates'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const folder = await findLab()

describe.skipIf(folder === null)('an image that is served over TLS to a real kernel', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await startLab(folder ?? '')
    const authority = testAuthority('of the test')
    const server = authority.issue({
      name: 'server',
      dns: ['localhost'],
      ips: ['127.0.0.1'],
      uses: ['server'],
    })
    const client = authority.issue({ name: 'client', uses: ['client'] })
    const others = testAuthority('another')
    const stranger = others.issue({ name: 'client', uses: ['client'] })
    await writeCertificateFolder(join(lab.share, 'server'), authority, { server })
    await writeCertificateFolder(join(lab.share, 'client'), authority, { client })
    await writeCertificateFolder(join(lab.share, 'stranger'), authority, { client: stranger })
    await lab.ok(`set -e
      cp -r /host/server /host/client /host/stranger /root
      chown -R 0:0 /root/server /root/client /root/stranger
      chmod 600 /root/*/*-key.pem
      head -c 20M /dev/urandom >/root/disk.raw
      qemu-img convert -f raw -O qcow2 /root/disk.raw /root/disk.qcow2
      modprobe nbd`)
  })
  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  /** Runs `script` while the image is served at port 10809. */
  async function served(options: string, script: string): Promise<string> {
    return await lab.ok(`set -e
      varve serve /root/disk.qcow2 --port 10809 --tls-certificates /root/server ${options} >/root/said 2>&1 &
      pid=$!
      trap 'kill $pid; wait $pid || true' EXIT
      for count in $(seq 300); do grep -q nbds:// /root/said && break; sleep 0.2; done
      ${script}`)
  }

  const files = (of: string) =>
    `-x -cacertfile /root/${of}/ca-cert.pem -certfile /root/${of}/client-cert.pem -keyfile /root/${of}/client-key.pem -tlshostname localhost`

  test('nbd-client, which knows TLS 1.2 only, attaches it when it may', async () => {
    const said = await served(
      '--tls-1.2',
      `nbd-client 127.0.0.1 10809 /dev/nbd0 -readonly ${files('client')} >/dev/null 2>&1
      cmp /dev/nbd0 /root/disk.raw && echo same
      nbd-client -d /dev/nbd0 >/dev/null 2>&1
      ! nbd-client 127.0.0.1 10809 /dev/nbd1 -readonly ${files('stranger')} >/dev/null 2>&1 && echo refused
      ! nbd-client 127.0.0.1 10809 /dev/nbd1 -readonly >/dev/null 2>&1 && echo refused`,
    )
    expect(said).toBe('same\nrefused\nrefused')
  })

  test('TLS 1.2 is refused where it was not asked for; qemu-nbd attaches it over 1.3', async () => {
    const about =
      'driver=raw,file.driver=nbd,file.host=127.0.0.1,file.port=10809,file.export=,file.tls-creds=t'
    const attach = (of: string) =>
      `qemu-nbd -r -c /dev/nbd4 --object tls-creds-x509,id=t,endpoint=client,dir=/root/${of} --image-opts ${about}`
    const said = await served(
      '',
      `! nbd-client 127.0.0.1 10809 /dev/nbd0 -readonly ${files('client')} >/dev/null 2>&1 && echo refused
      ! ${attach('stranger')} 2>/dev/null && echo refused
      ${attach('client')}
      for count in $(seq 100); do [ "$(blockdev --getsize64 /dev/nbd4)" -gt 0 ] && break; sleep 0.1; done
      cmp /dev/nbd4 /root/disk.raw && echo same
      qemu-nbd -d /dev/nbd4 >/dev/null`,
    )
    expect(said).toBe('refused\nrefused\nsame')
  })
})
