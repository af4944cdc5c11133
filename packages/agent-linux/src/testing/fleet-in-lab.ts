import { resolve } from 'node:path'

const checkout = resolve(import.meta.dirname, '../../../..')
const url = 'http://127.0.0.1:7070'

/** Shell of the lab: a controller on loopback, and the agent of this host with its libraries; both write to /root/log. */
export function fleetInLab(libraries: readonly string[]): string {
  return `set -e
  mkdir -p /root/dashboard
  node ${checkout}/packages/controller/bin/varve-controller.mjs --port 7070 --data /root/controller --dashboard /root/dashboard >/root/log 2>&1 &
  ${agentInLab(libraries)}
  for n in $(seq 300); do varve hosts --controller ${url} 2>/dev/null | grep -q north && exit 0; sleep 0.5; done
  cat /root/log; exit 1`
}

export function agentInLab(libraries: readonly string[]): string {
  const words = libraries.map((library) => `--library ${library}`).join(' ')
  return `varve-agent --controller ${url} --name north ${words} --data /root/agent >>/root/log 2>&1 &`
}

/** A command that asks that controller. */
export function askedInLab(command: string): string {
  return `varve ${command} --controller ${url}`
}
