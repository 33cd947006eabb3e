// What schemas of any library have in common: Standard Schema, version 1 (https://standardschema.dev). Only the part that is asked here.

import { VaultError } from '../../errors.js'
import { json, parseInput } from './values.js'

/** A schema of zod, valibot, arktype or any other library that implements Standard Schema v1. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    /** For the compiler alone; nothing is there when it runs. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

/** What it makes of a value; where there are issues, it is none. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly { readonly message: string; readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined }[] }

type Types<S extends StandardSchema> = NonNullable<S['~standard']['types']>
/** What a schema takes. */
export type InputOf<S extends StandardSchema> = Types<S>['input']
/** What it makes of it. */
export type OutputOf<S extends StandardSchema> = Types<S>['output']

export function isSchema(schema: unknown): schema is StandardSchema {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return false
  const standard = (schema as { readonly '~standard'?: { readonly version?: unknown; readonly validate?: unknown } })['~standard']
  return standard?.version === 1 && typeof standard.validate === 'function'
}

/**
 * A copy of what the schema makes of a value: at once, unless the schema takes its time.
 * @throws {VaultError} `invalid-value` with the paths that the schema refuses, or that JSON cannot hold; never what an issue says, for it may quote the value
 */
export function parseWith<T>(schema: StandardSchema<unknown, T>, value: unknown, where: string): T | Promise<T> {
  const result = schema['~standard'].validate(value)
  return 'then' in result ? result.then((late) => accepted(late, where)) : accepted(result, where)
}

function accepted<T>(result: SchemaResult<T>, where: string): T {
  if (result.issues === undefined) return parseInput(json, result.value, where) as T
  const fields = result.issues
    .map(({ path = [] }) => path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.'))
    .filter((field) => field !== '')
    .slice(0, 5)
  throw new VaultError('invalid-value', `an item of ${where} was refused by its schema: ${fields.length > 0 ? `check ${fields.join(', ')}` : 'it has the wrong shape'}`, { where, fields, reason: 'schema' })
}
