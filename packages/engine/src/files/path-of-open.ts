/** Linux's name for what this process has open as `fd`: reading it as a link tells where that lies. */
export function pathOfOpen(fd: number): string {
  return `/proc/self/fd/${fd}`
}
