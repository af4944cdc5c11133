import { expect, test } from 'vitest'
import { rpmName, specFile } from './rpm.ts'

test('a spec names folders of its own whole, and files of the system one by one', () => {
  const spec = specFile({
    version: '1.2.3-rc.1',
    level: 6,
    paths: ['usr/bin/varve', 'usr/lib/varve/bin/varve', 'usr/lib/varve/b', 'usr/share/varve/varve.ps1'],
    scripts: { post: 'echo 100%\n' },
  })
  expect(spec).toContain(
    '\n%files\n%defattr(-,root,root,-)\n/usr/bin/varve\n/usr/lib/varve\n/usr/share/varve\n',
  )
  expect(spec).toContain('\n%post\necho 100%%\n')
  expect(spec).toContain('\nVersion: 1.2.3~rc.1\n')
  expect(rpmName('1.2.3', 'arm64')).toBe('varve-1.2.3-1.aarch64.rpm')
})
