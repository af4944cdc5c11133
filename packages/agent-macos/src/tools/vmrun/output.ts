import { DiskError } from '@varve/core/problems/disk-error'

/** `Total running VMs: N`, then as many lines with a path; throws `tool-failed` where they do not agree. */
export function parseRunningMachines(text: string): readonly string[] {
  const [header = '', ...lines] = text.replaceAll('\r', '').split('\n')
  const [, count] = /^Total running VMs: (\d{1,6})\s*$/u.exec(header) ?? []
  const paths = lines.filter((line) => line.startsWith('/'))
  if (count !== undefined && Number(count) === paths.length) return paths
  throw new DiskError('tool-failed', {
    file: 'vmrun',
    tool: 'vmrun',
    exitCode: 0,
    stderr: 'it printed no list of running machines',
  })
}
