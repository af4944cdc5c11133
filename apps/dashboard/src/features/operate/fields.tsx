import { Checkbox, NativeSelect, TextInput } from '@mantine/core'
import { useEffect, useRef } from 'react'
import styles from '../../plans/plan.module.css'
import type { Field, Values } from './face.ts'

interface FieldsProps {
  readonly fields: readonly Field[]
  readonly values: Values
  readonly onChange: (change: Values) => void
}

/** The lines of a form; the first of them has the focus when it opens. */
export function Fields({ fields, values, onChange }: FieldsProps) {
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => box.current?.querySelector<HTMLElement>('input, select')?.focus(), [])
  if (fields.length === 0) return null
  return (
    <div className={styles.form} ref={box}>
      {fields.map((field) => (
        <OneField
          key={field.key}
          field={field}
          value={values[field.key] ?? ''}
          onChange={(value) => onChange({ [field.key]: value })}
        />
      ))}
    </div>
  )
}

interface OneFieldProps {
  readonly field: Field
  readonly value: string
  readonly onChange: (value: string) => void
}

function OneField({ field, value, onChange }: OneFieldProps) {
  const { label, description } = field
  const shared = { label, description, className: styles[field.width] }
  switch (field.kind) {
    case 'text':
      return (
        <TextInput
          {...shared}
          value={value}
          placeholder={field.placeholder}
          error={field.problem?.(value) ?? null}
          spellCheck={false}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )
    case 'choice':
      return (
        <NativeSelect
          {...shared}
          value={value}
          disabled={field.options.length < 2}
          data={field.options.map((option) => ({ ...option }))}
          onChange={({ currentTarget }) => onChange(currentTarget.value)}
        />
      )
    case 'switch':
      return (
        <Checkbox
          {...shared}
          size="sm"
          checked={value === 'on'}
          onChange={({ currentTarget }) => onChange(currentTarget.checked ? 'on' : '')}
        />
      )
  }
}
