import { Button, NativeSelect, TextInput } from '@mantine/core'
import type { Role } from '@varve/protocol/people'
import { hasRole, roles } from '@varve/protocol/roles'
import styles from './people.module.css'
import { emptyRight, patternsProblem, type GrantDraft, type RightDraft } from './rights-draft.ts'

const roleWords: Readonly<Record<Role, string>> = {
  viewer: 'Viewer: looks, changes nothing',
  operator: 'Operator: works on images',
  admin: 'Admin: changes the fleet and its people',
}

const mostRights = 32

interface GrantFieldsProps {
  readonly draft: GrantDraft
  /** The most that can be given. */
  readonly most?: Role
  readonly onChange: (draft: GrantDraft) => void
}

/** A role, and for an operator where it holds. */
export function GrantFields({ draft, most = 'admin', onChange }: GrantFieldsProps) {
  const { role, rights } = draft
  const changeRight = (at: number, right: RightDraft) =>
    onChange({ role, rights: (rights ?? []).with(at, right) })
  return (
    <>
      <NativeSelect
        label="Role"
        value={role}
        data={roles
          .filter((one) => hasRole({ role: most }, one))
          .map((one) => ({ value: one, label: roleWords[one] }))}
        onChange={({ currentTarget }) => {
          const chosen = roles.find((one) => one === currentTarget.value) ?? 'viewer'
          onChange({ role: chosen, rights })
        }}
      />
      {role === 'operator' && (
        <NativeSelect
          label="Where"
          value={rights === null ? 'everywhere' : 'some'}
          data={[
            { value: 'everywhere', label: 'Everywhere, every operation' },
            { value: 'some', label: 'Only what is named below' },
          ]}
          onChange={({ currentTarget }) =>
            onChange({ role, rights: currentTarget.value === 'some' ? [emptyRight] : null })
          }
        />
      )}
      {role === 'operator' && rights !== null && (
        <div className={styles.rights}>
          <p className={styles.soft}>
            Names with commas between them, * for any characters; an empty field is any. All three of a line
            must hold.
          </p>
          {rights.map((right, at) => (
            <RightFields
              key={at}
              number={rights.length === 1 ? null : at + 1}
              right={right}
              onChange={(changed) => changeRight(at, changed)}
              onRemove={() => onChange({ role, rights: rights.toSpliced(at, 1) })}
            />
          ))}
          <div className={styles.buttons}>
            <Button
              disabled={rights.length >= mostRights}
              onClick={() => onChange({ role, rights: [...rights, emptyRight] })}
            >
              Add another line
            </Button>
          </div>
        </div>
      )}
    </>
  )
}

interface RightFieldsProps {
  /** Null: there is one. */
  readonly number: number | null
  readonly right: RightDraft
  readonly onChange: (right: RightDraft) => void
  readonly onRemove: () => void
}

const fields = [
  ['hosts', 'Hosts', 'north, web-*'],
  ['libraries', 'Libraries', 'images'],
  ['operations', 'Operations', 'convert, migrate'],
] as const

function RightFields({ number, right, onChange, onRemove }: RightFieldsProps) {
  const suffix = number === null ? '' : ` of line ${number}`
  return (
    <div className={styles.right} role="group" aria-label={`Right ${number ?? 1}`}>
      {fields.map(([key, label, placeholder]) => (
        <TextInput
          key={key}
          label={label + suffix}
          placeholder={placeholder}
          value={right[key]}
          error={patternsProblem(right[key])}
          spellCheck={false}
          autoCapitalize="none"
          onChange={({ currentTarget }) => onChange({ ...right, [key]: currentTarget.value })}
        />
      ))}
      {number !== null && (
        <Button className={styles.removeRight} onClick={onRemove} aria-label={`Remove line ${number}`}>
          Remove
        </Button>
      )}
    </div>
  )
}
