/** A file that a process has open. */
export interface OpenFile {
  readonly pid: number
  /** 0: not told. */
  readonly parent: number
  readonly command: string
  /** `r`, `w`, or `u` for both; null: it does not say. */
  readonly access: 'r' | 'w' | 'u' | null
  readonly device: bigint
  readonly inode: bigint
}

interface Reading {
  pid: number
  parent: number
  command: string
  file: Partial<{ access: OpenFile['access']; type: string; device: bigint; inode: bigint }> | null
}

/**
 * The output of `lsof -F pRcfatDi`: a field a line, named by its first letter; `p` begins a process, `f` a file of it. Anything
 * else is passed over, as are files that are no regular files or block devices.
 */
export function parseOpenFiles(text: string): readonly OpenFile[] {
  const found: OpenFile[] = []
  const now: Reading = { pid: 0, parent: 0, command: 'a process', file: null }
  const end = () => {
    const { file, pid, parent, command } = now
    now.file = null
    if (file?.device === undefined || file.inode === undefined || pid === 0) return
    if (file.type !== 'REG' && file.type !== 'BLK' && file.type !== 'VREG' && file.type !== 'VBLK') return
    found.push({ pid, parent, command, access: file.access ?? null, device: file.device, inode: file.inode })
  }
  for (const line of text.split('\n')) {
    const value = line.slice(1)
    switch (line[0]) {
      case 'p':
        end()
        Object.assign(now, { pid: Number.parseInt(value, 10) || 0, parent: 0, command: 'a process' })
        break
      case 'R':
        now.parent = Number.parseInt(value, 10) || 0
        break
      case 'c':
        now.command = value.slice(0, 64) || 'a process'
        break
      case 'f':
        end()
        now.file = {}
        break
      default:
        takeField(now.file, line)
    }
  }
  end()
  return found
}

function takeField(file: Reading['file'], line: string): void {
  if (file === null) return
  const value = line.slice(1)
  switch (line[0]) {
    case 'a':
      file.access = value === 'r' || value === 'w' || value === 'u' ? value : null
      break
    case 't':
      file.type = value
      break
    case 'D':
      if (/^0x[0-9a-f]{1,16}$/iu.test(value)) file.device = BigInt(value)
      break
    case 'i':
      if (/^\d{1,20}$/u.test(value)) file.inode = BigInt(value)
      break
    default:
  }
}
